package ssh

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ed25519"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// Trust says whose host key is taken. Exactly one field is set.
type Trust struct {
	KnownHosts string // file in OpenSSH's format
	Pin        string // SHA-256 of the host key as ssh-keygen -l prints it; "SHA256:" may be left out
	Anyone     bool   // take whatever key is shown
}

// ErrHostKey is in the error of Dial when the device's host key is not the one to trust, or none was named.
var ErrHostKey = errors.New("host key not trusted")

// A checker decides on a host key and remembers the one that it took.
type checker struct {
	algorithms []string // to ask for, none for any
	check      ssh.HostKeyCallback
	taken      ssh.PublicKey
	refused    error // the reason, which x/crypto passes on as text only
}

func (t Trust) checker(address string) (*checker, error) {
	c := &checker{}
	switch {
	case t.KnownHosts != "":
		known, err := knownhosts.New(t.KnownHosts)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrHostKey, err)
		}
		c.algorithms, err = knownAlgorithms(known, address)
		if err != nil {
			return nil, err
		}
		c.check = func(host string, remote net.Addr, key ssh.PublicKey) error {
			return explainKnown(t.KnownHosts, host, key, known(host, remote, key))
		}
	case t.Pin != "":
		want, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(t.Pin, "SHA256:"))
		if err != nil {
			return nil, fmt.Errorf("%w: the pin is not SHA256: and 43 characters", ErrHostKey)
		}
		c.check = func(_ string, _ net.Addr, key ssh.PublicKey) error {
			got, err := base64.RawStdEncoding.DecodeString(strings.TrimPrefix(ssh.FingerprintSHA256(key), "SHA256:"))
			if err != nil || !bytes.Equal(got, want) {
				return fmt.Errorf("the device shows %s %s, pinned is %s", key.Type(), ssh.FingerprintSHA256(key), t.Pin)
			}
			return nil
		}
	case t.Anyone:
		c.check = func(string, net.Addr, ssh.PublicKey) error { return nil }
	default:
		return nil, fmt.Errorf("%w: no SSH settings say whose to take: name a known_hosts file or a host_key_sha256", ErrHostKey)
	}
	return c, nil
}

func (c *checker) callback(host string, remote net.Addr, key ssh.PublicKey) error {
	if err := c.check(host, remote, key); err != nil {
		c.refused = fmt.Errorf("%w: %w", ErrHostKey, err)
		return c.refused
	}
	c.taken = key
	return nil
}

// knownAlgorithms returns what a known_hosts file holds keys of for a host. A device has several host keys, and the
// one that we would choose by ourselves may not be the one in the file.
func knownAlgorithms(known ssh.HostKeyCallback, address string) ([]string, error) {
	public, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		return nil, err
	}
	// Nobody has this key, so the answer lists those that are known.
	var wrong *knownhosts.KeyError
	if !errors.As(known(address, &net.TCPAddr{IP: net.IPv4zero}, key), &wrong) {
		return nil, nil // a certificate authority's host, which any key may be of
	}
	var out []string
	for _, k := range wrong.Want {
		kinds := []string{k.Key.Type()}
		if k.Key.Type() == ssh.KeyAlgoRSA { // one key, with signatures of our time first
			kinds = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256, ssh.KeyAlgoRSA}
		}
		for _, kind := range kinds {
			if !slices.Contains(out, kind) {
				out = append(out, kind)
			}
		}
	}
	return out, nil
}

// explainKnown puts into words what a known_hosts file says of a key.
func explainKnown(file, host string, key ssh.PublicKey, err error) error {
	var wrong *knownhosts.KeyError
	if !errors.As(err, &wrong) {
		return err
	}
	shown := key.Type() + " " + ssh.FingerprintSHA256(key)
	if len(wrong.Want) == 0 {
		return fmt.Errorf("%s is not in %s; it shows %s: compare that with the device's console, then add it", host, file, shown)
	}
	var want []string
	for _, k := range wrong.Want {
		want = append(want, fmt.Sprintf("%s %s (line %d)", k.Key.Type(), ssh.FingerprintSHA256(k.Key), k.Line))
	}
	return fmt.Errorf("the device shows %s, and %s has %s: it was changed, or another host answers", shown, file, strings.Join(want, ", "))
}
