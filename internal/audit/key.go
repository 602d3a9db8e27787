// Package audit keeps what proves, later and to others, that nobody wrote the event log anew: heads of the log, signed, in a file
// outside of the database.
//
// Who can write to the database can make a log in which everything adds up. They can not make a signed head, for the private key is
// not in the database; and a head that was signed before says which event was where. So whatever of the log is older
// than the last signed head that somebody has kept can not be changed, cut off or put in another order without being found. Who can
// write to the file of heads as well can cut that off: a copy belongs where they can not.
package audit

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

const (
	privateBlock = "PRIVATE KEY" // PKCS #8 (RFC 5958)
	publicBlock  = "PUBLIC KEY"  // SubjectPublicKeyInfo (RFC 5280, §4.1.2.7; RFC 8410 for Ed25519)
)

// A PublicKey tells whether a head was signed with the private key that belongs to it.
type PublicKey struct{ key ed25519.PublicKey }

// ID names the key: 16 hexadecimal digits of its SHA-256.
func (k PublicKey) ID() string {
	sum := sha256.Sum256(k.key)
	return hex.EncodeToString(sum[:8])
}

// PEM returns the key as other programs read it, openssl among them.
func (k PublicKey) PEM() []byte {
	raw, err := x509.MarshalPKIXPublicKey(k.key)
	if err != nil {
		panic("audit: " + err.Error()) // there is no Ed25519 key that this does not know
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: raw})
}

// A Key signs heads.
type Key struct{ private ed25519.PrivateKey }

// Public returns the key that others prove heads with.
func (k Key) Public() PublicKey { return PublicKey{k.private.Public().(ed25519.PublicKey)} }

// OpenKey reads the private key in the file, and makes a new one if there is none. Of several processes that do so
// at once all get the same. A file that others than its owner may read is refused.
func OpenKey(file string) (Key, error) {
	key, err := readKey(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return key, err
	}
	if err := makeKey(file); err != nil {
		return Key{}, fmt.Errorf("audit key %s: %w", file, err)
	}
	return readKey(file)
}

func readKey(file string) (Key, error) {
	info, err := os.Stat(file)
	if err != nil {
		return Key{}, fmt.Errorf("audit key: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Key{}, fmt.Errorf("audit key %s: others than its owner may read or write it (next: chmod 600 %s, or a new key if they did)", file, file)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return Key{}, fmt.Errorf("audit key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil || block.Type != privateBlock {
		return Key{}, fmt.Errorf("audit key %s: no private key in PEM", file)
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if private, ok := parsed.(ed25519.PrivateKey); err == nil && ok {
		return Key{private}, nil
	}
	return Key{}, fmt.Errorf("audit key %s: not an Ed25519 key", file) // never what is in it
}

// makeKey makes the file with a new key, whole or not at all.
func makeKey(file string) (err error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".tmp-*") // 0600
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.Remove(temp.Name())) }()
	_, err = temp.Write(pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: raw}))
	if err := errors.Join(err, temp.Sync(), temp.Close()); err != nil {
		return err
	}
	// A link, unlike a rename, leaves the key that another process has made meanwhile.
	if err := os.Link(temp.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// ReadPublic reads a public key in PEM, or the public part of a private key.
func ReadPublic(file string) (PublicKey, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return PublicKey{}, fmt.Errorf("audit key: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return PublicKey{}, fmt.Errorf("audit key %s: nothing in PEM", file)
	}
	if block.Type == privateBlock {
		key, err := readKey(file)
		if err != nil {
			return PublicKey{}, err
		}
		return key.Public(), nil
	}
	parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
	if public, ok := parsed.(ed25519.PublicKey); err == nil && ok {
		return PublicKey{public}, nil
	}
	return PublicKey{}, fmt.Errorf("audit key %s: not an Ed25519 key", file)
}
