package cli

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/api"
)

// A next step is said once, by whoever knows best.
func TestReportedOnce(t *testing.T) {
	unknown := &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}
	away := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for _, tt := range []struct {
		name string
		err  error
		want string
	}{
		{"of a command", errors.New("no"), "error: no\nnext:  tenter x --help\n"},
		{"a hint", hint(errors.New("no"), "tenter y"), "error: no\nnext:  tenter y\n"},
		{"in the text", hint(errors.New("frozen; next: tenter unfreeze, or wait"), "tenter y"), "error: frozen\nnext:  tenter unfreeze, or wait\n"},
		{"of one of many", hint(errors.New("a: frozen; next: wait; b: held"), "tenter y"), "error: a: frozen; next: wait; b: held\nnext:  tenter y\n"},
		{
			"an authority that nobody knows", hintRemote(fmt.Errorf("server: %w", unknown)),
			fmt.Sprintf("error: server: %v\nnext:  look at whom you reach; an authority of your own: TENTER_SERVER_CA=FILE, or the setting server_ca\n", unknown),
		},
		{
			"no server there", hintRemote(fmt.Errorf("server: %w", away)),
			fmt.Sprintf("error: server: %v\nnext:  see that tenter serve runs there, and where it listens: tenter config explain server\n", away),
		},
		{
			"no server here", hintRemote(api.ErrNoServer),
			"error: no tenter is serving here\nnext:  see that tenter serve runs there, and where it listens: tenter config explain server\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := report(&out, "tenter x", tt.err); code != exitError {
				t.Errorf("exit %d", code)
			}
			if diff := cmp.Diff(tt.want, out.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCounts(t *testing.T) {
	if got, want := (counts{batch: 2, batches: 3, all: 6, ok: 2, failed: 1, skipped: 2, back: 1}).String(), "batch 2/3 · 2/6 ok · 1 failed · 2 skipped · 1 put back"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
