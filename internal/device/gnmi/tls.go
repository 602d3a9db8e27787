package gnmi

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strings"
)

// TLS says whom to trust and as whom to log in. Exactly one of CA, Pin, SkipVerify and Plaintext decides how the
// device's certificate is checked; with none the system's authorities do.
type TLS struct {
	CA         []byte // PEM: the device's certificate must chain to one of these
	Pin        string // SHA-256 of the device's certificate in hex; colons are allowed
	ServerName string // what the certificate must name; empty for the host of the address
	Cert, Key  []byte // PEM: the client's certificate, for mutual TLS
	SkipVerify bool   // trust whoever answers; said loudly in the log
	Plaintext  bool   // no TLS at all, so that the password is readable on the wire; said loudly in the log
}

var errCertificate = errors.New("certificate")

// clientTLS builds the client's side. seen is called with the device's certificate after it was found good.
func clientTLS(t TLS, address string, seen func(sha256 string)) (*tls.Config, error) {
	cfg := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, NextProtos: []string{"h2"}}
	if cfg.ServerName == "" {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, fmt.Errorf("address %q: %w", address, err)
		}
		cfg.ServerName = host
	}
	var roots *x509.CertPool
	if len(t.CA) > 0 {
		roots = x509.NewCertPool()
		if !roots.AppendCertsFromPEM(t.CA) {
			return nil, errors.New("TLS settings: the CA holds no PEM certificate")
		}
	}
	if len(t.Cert) > 0 || len(t.Key) > 0 {
		pair, err := tls.X509KeyPair(t.Cert, t.Key)
		if err != nil {
			return nil, fmt.Errorf("TLS settings: client certificate: %w", err)
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	pin := strings.ToLower(strings.ReplaceAll(t.Pin, ":", ""))
	// The whole check is in VerifyConnection: crypto/tls on its own knows no pins.
	cfg.InsecureSkipVerify = true
	name := cfg.ServerName
	cfg.VerifyConnection = func(cs tls.ConnectionState) error {
		leaf := cs.PeerCertificates[0]
		sum := sha256.Sum256(leaf.Raw)
		got := hex.EncodeToString(sum[:])
		switch {
		case pin != "" && pin != got:
			return fmt.Errorf("%w: the device shows %s, pinned is %s", errCertificate, got, pin)
		case pin == "" && !t.SkipVerify:
			if err := chain(cs, roots, name); err != nil {
				return err
			}
		}
		seen(got)
		return nil
	}
	return cfg, nil
}

func chain(cs tls.ConnectionState, roots *x509.CertPool, name string) error {
	between := x509.NewCertPool()
	for _, c := range cs.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := cs.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: roots, Intermediates: between, DNSName: name})
	if err != nil {
		return fmt.Errorf("%w: %w", errCertificate, err)
	}
	return nil
}
