package app

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"strings"

	"github.com/tenter-net/tenter/internal/bus"
	"github.com/tenter-net/tenter/internal/settings"
)

// ForgetBus removes what the settings' Redis has of their fabric.
func ForgetBus(ctx context.Context, set *settings.Settings) error {
	conf, err := busTLS(set)
	if err != nil {
		return err
	}
	return bus.Forget(ctx, string(set.Bus.Redis), conf, set.Fabric)
}

// busTLS is how Redis proves who it is, and Tenter to it; nil when the settings name no entry.
func busTLS(set *settings.Settings) (*tls.Config, error) {
	if set.Bus.TLS == "" {
		return nil, nil
	}
	t, ok := find(set.TLS, func(t settings.TLS) bool { return t.Name == set.Bus.TLS })
	if !ok {
		return nil, fmt.Errorf("bus: tls %q: not in the settings, under tls", set.Bus.TLS)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName, InsecureSkipVerify: t.InsecureSkipVerify}
	if t.CAFile != "" {
		data, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("bus: tls %q: %w", t.Name, err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("bus: tls %q: %s holds no certificate in PEM", t.Name, t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("bus: tls %q: client certificate: %w", t.Name, err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	if t.PinSHA256 != "" {
		pinned(conf, t.PinSHA256)
	}
	return conf, nil
}

// pinned makes the one certificate the only one that is good, whoever issued it.
func pinned(conf *tls.Config, pin string) {
	conf.InsecureSkipVerify = true
	conf.VerifyConnection = func(cs tls.ConnectionState) error {
		sum := sha256.Sum256(cs.PeerCertificates[0].Raw)
		if got := hex.EncodeToString(sum[:]); !strings.EqualFold(got, pin) {
			return fmt.Errorf("certificate: Redis shows %s, pinned is %s", got, pin)
		}
		return nil
	}
}
