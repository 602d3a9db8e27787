package source

import (
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
)

// A server that sends away to an address without TLS does not get the token sent there in clear.
func TestTokenStaysWithinTLS(t *testing.T) {
	var asked, told atomic.Int32
	clear := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if told.Add(1); r.Header.Get("Authorization") != "" {
			t.Errorf("the token was sent in clear to %s", r.URL)
		}
		w.WriteHeader(http.StatusNotFound)
	}))
	t.Cleanup(clear.Close)
	s := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, clear.URL+r.URL.RequestURI(), http.StatusFound)
	}))
	t.Cleanup(s.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	o := newUpstream(t).options(s.URL + "/net.git")
	o.CAFile, o.Username, o.Token = ca, "tenter", say(token)
	r := NewRemote(o)
	session, err := r.connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	if _, err := session.AdvertisedReferencesContext(t.Context()); !errors.Is(err, errClear) {
		t.Errorf("%v, want %v", err, errClear)
	}
	if asked.Load() == 0 || told.Load() != 0 {
		t.Errorf("asked %d times, and %d times in clear", asked.Load(), told.Load())
	}
}
