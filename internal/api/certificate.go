package api

import (
	"bytes"
	"crypto/tls"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"
)

// A keyPair is the server's certificate and key as their files have them now. Both are read again for each handshake, which costs
// little beside it: an hour of the last change says nothing where files are swapped by links or written within one tick. It is safe
// for concurrent use.
type keyPair struct {
	certFile, keyFile string
	log               *zap.Logger

	mu   sync.Mutex
	text []byte // what the files held when they were last looked at, usable or not
	last *tls.Certificate
}

// newKeyPair reads the files; what cannot be used is an error, for there is no earlier certificate.
func newKeyPair(h HTTPS, log *zap.Logger) (*keyPair, error) {
	k := &keyPair{certFile: h.CertFile, keyFile: h.KeyFile, log: log}
	text, cert, err := k.read()
	k.text, k.last = text, cert
	return k, err
}

// get returns the certificate of the files. While they hold none that can be used, as between the writing of the one and the other,
// it is the one before, and that is logged once for each state of the files.
func (k *keyPair) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	text, cert, err := k.read()
	if bytes.Equal(text, k.text) {
		return k.last, nil
	}
	k.text = text
	if err != nil {
		k.log.Warn("the new certificate of the API cannot be used, the one before stays", zap.String("file", k.certFile), zap.Error(err))
		return k.last, nil
	}
	k.last = cert
	k.log.Info("the API has another certificate", zap.String("file", k.certFile), until(cert))
	return cert, nil
}

// read returns what the files hold, also when it is of no use, and the pair that it makes.
func (k *keyPair) read() ([]byte, *tls.Certificate, error) {
	cert, err := os.ReadFile(k.certFile)
	if err != nil {
		return []byte(err.Error()), nil, err
	}
	key, err := os.ReadFile(k.keyFile)
	if err != nil {
		return []byte(err.Error()), nil, err
	}
	pair, err := tls.X509KeyPair(cert, key)
	return append(append(cert, 0), key...), &pair, err
}

func until(c *tls.Certificate) zap.Field {
	if c.Leaf == nil {
		return zap.Skip()
	}
	return zap.String("until", c.Leaf.NotAfter.UTC().Format(time.RFC3339))
}
