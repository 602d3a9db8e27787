package api_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"testing"
)

// shown returns the certificate that the server at the URL shows to whoever connects now.
func shown(t *testing.T, url string) string {
	t.Helper()
	d := &tls.Dialer{Config: &tls.Config{InsecureSkipVerify: true}} // which one it is, is the question
	c, err := d.DialContext(t.Context(), "tcp", url[len("https://"):])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	return string(c.(*tls.Conn).ConnectionState().PeerCertificates[0].Raw)
}

func TestAnotherCertificateIsShownWithoutARestart(t *testing.T) {
	url, cert, logs := serveHTTPS(t)
	key := filepath.Join(filepath.Dir(cert), "key.pem")
	before := shown(t, url)
	newCert, newKey := certificate(t)
	take := func(from, to string) {
		t.Helper()
		data, err := os.ReadFile(from)
		if err == nil {
			err = os.WriteFile(to, data, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	// Between the two files being written nothing fits: the one before goes on, and that is said once.
	take(newCert, cert)
	for range 3 {
		if shown(t, url) != before {
			t.Fatal("half a certificate is shown")
		}
	}
	if n := logs.FilterMessageSnippet("cannot be used").Len(); n != 1 {
		t.Errorf("a certificate without its key was told of %d times", n)
	}
	take(newKey, key)
	if shown(t, url) == before {
		t.Error("the certificate before is shown still")
	}
	if n := logs.FilterMessage("the API has another certificate").Len(); n != 1 {
		t.Errorf("another certificate was told of %d times", n)
	}
	if err := os.Remove(key); err != nil {
		t.Fatal(err)
	}
	if after := shown(t, url); after == before {
		t.Error("without the files it fell back to the first certificate")
	}
}
