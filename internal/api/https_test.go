package api_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	neturl "net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
	"go.uber.org/zap/zaptest/observer"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/loopback"
	"github.com/tenter-net/tenter/internal/policy"
)

// certificate writes a certificate for 127.0.0.1 that signs itself, and its key.
func certificate(t *testing.T) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "tenter"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

const good = "tenter_good"

// serveHTTPS runs a server that knows one token, and returns its URL, its certificate and what it logs.
func serveHTTPS(t *testing.T) (url, ca string, logs *observer.ObservedLogs) {
	t.Helper()
	core, logs := observer.New(zapcore.DebugLevel)
	o := options()
	o.Log = zap.New(core)
	o.Token = func(_ context.Context, token string) (api.Caller, error) {
		if token != good {
			return api.Caller{}, &api.TokenError{}
		}
		return api.Caller{Who: policy.Who{Name: "alice", Role: policy.Viewer, Via: policy.ViaToken}}, nil
	}
	o.May = func(operation string, who api.Caller) error {
		if why := who.May(operation, policy.Planner); operation == "plan" && why != "" {
			return errors.New(why)
		}
		return nil
	}
	s := api.NewServer(o)
	greet := func(_ context.Context, who api.Caller, a ask) (answer, error) {
		return answer{who.Name + " " + a.Device}, nil
	}
	api.Register(s, "greet", greet)
	api.Register(s, "plan", greet)
	s.Stream("count", func(ctx context.Context, f api.Following, out chan<- api.Told) error {
		for n := range uint64(3) {
			select {
			case out <- api.Told{ID: f.After + n + 1, Type: "n", Data: []byte(`{}`)}:
			case <-ctx.Done():
				return nil
			}
		}
		return nil // it breaks off: who follows comes back
	})
	url, ca = runHTTPS(t, s)
	return url, ca, logs
}

// runHTTPS runs a server until the test ends, and returns its URL and its certificate.
func runHTTPS(t *testing.T, s *api.Server) (url, ca string) {
	t.Helper()
	cert, key := certificate(t)
	address, err := loopback.Free()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	socket := filepath.Join(t.TempDir(), "s")
	go func() { done <- s.Run(ctx, socket, &api.HTTPS{Address: address, CertFile: cert, KeyFile: key}) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(time.Minute); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return "https://" + address, cert
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

func client(t *testing.T, url, ca, token string) *api.Client {
	t.Helper()
	c, err := api.NewRemote(api.Remote{URL: url, CAFile: ca, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestTokens(t *testing.T) {
	url, ca, logs := serveHTTPS(t)
	if got, err := api.Call[answer](t.Context(), client(t, url, ca, good), "greet", ask{Device: "leaf1"}); err != nil || got.Text != "alice leaf1" {
		t.Errorf("%+v, %v", got, err)
	}
	for token, want := range map[string]string{"": "a token is needed", "tenter_bad": "not known here, was revoked or has expired"} {
		_, err := api.Call[answer](t.Context(), client(t, url, ca, token), "greet", ask{})
		var p *api.Problem
		if !errors.As(err, &p) || p.Status != http.StatusUnauthorized || p.Code != api.CodeUnauthorized || !strings.Contains(p.Detail, want) {
			t.Errorf("token %q: %v", token, err)
		}
	}
	_, err := api.Call[answer](t.Context(), client(t, url, ca, good), "plan", ask{})
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != http.StatusForbidden || p.Code != "denied" || p.Detail != "alice is a viewer: plan takes the role planner" {
		t.Errorf("a viewer plans: %v", err)
	}
	if _, err := api.Call[answer](t.Context(), client(t, url, "", good), "greet", ask{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	for _, e := range logs.All() {
		if text := fmt.Sprint(e.Message, e.ContextMap()); strings.Contains(text, "tenter_") {
			t.Errorf("a token is in the log: %s", text)
		}
	}
}

// Whoever guesses is stopped, and so is a good token from there, for a while: there is no telling who it is.
func TestTooManyWrongTokens(t *testing.T) {
	url, ca, _ := serveHTTPS(t)
	c := client(t, url, ca, "tenter_guess")
	stopped := 0
	for range 30 {
		_, err := api.Call[answer](t.Context(), c, "greet", ask{})
		var p *api.Problem
		if !errors.As(err, &p) {
			t.Fatal(err)
		}
		if p.Status == http.StatusTooManyRequests {
			stopped++
		}
	}
	if stopped != 10 {
		t.Errorf("%d of 30 guesses were stopped, want 10", stopped)
	}
}

func TestOldTLS(t *testing.T) {
	url, _, _ := serveHTTPS(t)
	conf := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11} //nolint:gosec // what is to be refused
	if c, err := tls.Dial("tcp", strings.TrimPrefix(url, "https://"), conf); err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 was good enough")
	}
}

func TestFollow(t *testing.T) {
	url, ca, _ := serveHTTPS(t)
	var got []uint64
	err := client(t, url, ca, good).Follow(t.Context(), "count", neturl.Values{"after": {"40"}}, func(m api.Told) (bool, error) {
		got = append(got, m.ID)
		return len(got) == 4, nil
	})
	if want := []uint64{41, 42, 43, 44}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
	err = client(t, url, ca, "no").Follow(t.Context(), "count", nil, func(api.Told) (bool, error) { return true, nil })
	var p *api.Problem
	if !errors.As(err, &p) || p.Status != http.StatusUnauthorized {
		t.Errorf("without a token: %v", err)
	}
}
