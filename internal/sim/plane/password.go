package plane

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"strings"
)

// The form in which SR Linux keeps and shows the passwords of routing protocols: algorithm, salt and encrypted data
// (typedef routing-password of srl_nokia-common). Whoever has that form can set it on another device, so the key is the
// same on all of them; a real device's is Nokia's to know.
const (
	algorithm    = "aes1"
	simulatorKey = "tenter simulator"
	longest      = 20 // of a password in clear; what is beyond it the device cuts off
)

// Encrypt returns a password as SR Linux shows it. The salt, which makes every text another one, is of 16 bytes.
func Encrypt(clear string, salt []byte) string {
	text := []byte(clear[:min(len(clear), longest)])
	stream(salt).XORKeyStream(text, text)
	b64 := base64.StdEncoding
	return "$" + algorithm + "$" + b64.EncodeToString(salt) + "$" + b64.EncodeToString(text)
}

// Encrypted reports whether SR Linux takes a password to be encrypted already: it starts with a $ and has two more.
func Encrypted(password string) bool {
	return strings.HasPrefix(password, "$") && strings.Count(password, "$") >= 3
}

// Decrypt returns the password that two ends of a session compare. What the simulator did not encrypt is itself.
func Decrypt(password string) string {
	parts := strings.Split(password, "$")
	if len(parts) != 4 || parts[0] != "" || parts[1] != algorithm {
		return password
	}
	b64 := base64.StdEncoding
	salt, err := b64.DecodeString(parts[2])
	text, errText := b64.DecodeString(parts[3])
	if err != nil || errText != nil || len(salt) != aes.BlockSize {
		return password
	}
	stream(salt).XORKeyStream(text, text)
	return string(text)
}

func stream(salt []byte) cipher.Stream {
	block, err := aes.NewCipher([]byte(simulatorKey))
	if err != nil {
		panic(err) // the key is of 16 bytes
	}
	return cipher.NewCTR(block, salt)
}
