package gnmi_test

import (
	"errors"
	"io"
	"net"
	"strings"
	"testing"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/tree"
)

// A rude peer does with each connection, after it was heard, what do says.
func rude(t *testing.T, do func(c *net.TCPConn) error) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := lis.Accept()
			if err != nil {
				return
			}
			tcp, ok := c.(*net.TCPConn)
			if !ok {
				t.Errorf("a %T", c)
				return
			}
			if _, err := io.ReadFull(tcp, make([]byte, 1)); err == nil {
				if err := do(tcp); err != nil {
					t.Log(err) // it may be gone already
				}
			}
			if err := tcp.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		}
	}()
	t.Cleanup(func() {
		if err := lis.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return lis.Addr().String()
}

// TestHungUp connects with TLS or without to peers that expect the other, in every way in which these end a connection.
func TestHungUp(t *testing.T) {
	closes := func(c *net.TCPConn) error { return c.CloseWrite() } // an end, before a reset
	resets := func(c *net.TCPConn) error { return c.SetLinger(0) }
	alerts := func(c *net.TCPConn) error {
		_, err := c.Write([]byte{0x15, 0x03, 0x01, 0, 2, 2, 70})
		return err
	}
	alertsAndResets := func(c *net.TCPConn) error { return errors.Join(alerts(c), c.SetLinger(0)) }
	greets := func(c *net.TCPConn) error { // and waits for the other to go, or a reset could overtake the greeting
		_, err := c.Write([]byte("SSH-2.0-x\r\n"))
		_, _ = io.Copy(io.Discard, c)
		return err
	}
	alertsAndWaits := func(c *net.TCPConn) error {
		return errors.Join(alerts(c), func() error { _, err := io.Copy(io.Discard, c); return err }())
	}
	const tlsOnly, noTLS = "speaks TLS only", "no TLS on this port"
	for name, tt := range map[string]struct {
		do   func(c *net.TCPConn) error
		tls  gnmi.TLS
		want string
	}{
		"an end instead of TLS":         {closes, gnmi.TLS{Plaintext: true}, tlsOnly},
		"a reset instead of TLS":        {resets, gnmi.TLS{Plaintext: true}, tlsOnly},
		"an alert":                      {alerts, gnmi.TLS{Plaintext: true}, tlsOnly},
		"an alert and a reset":          {alertsAndResets, gnmi.TLS{Plaintext: true}, tlsOnly},
		"an end instead of no TLS":      {closes, gnmi.TLS{SkipVerify: true}, noTLS},
		"a reset instead of no TLS":     {resets, gnmi.TLS{SkipVerify: true}, noTLS},
		"an alert of an older TLS":      {alertsAndWaits, gnmi.TLS{SkipVerify: true}, "neither TLS 1.2 nor 1.3"},
		"something else that is no TLS": {greets, gnmi.TLS{SkipVerify: true}, "does not speak TLS"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := gnmi.Dial(t.Context(), gnmi.Config{
				Name: "rude1", Address: rude(t, tt.do), TLS: tt.tls, Profile: simProfile(t), Table: tree.NewTable(roots), Log: zap.NewNop(),
			})
			if err == nil {
				_, err = s.Probe(t.Context())
				_ = s.Close()
			}
			if kind(err) != fault.Unreachable || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, which does not say %q", err, tt.want)
			}
			if !strings.Contains(err.Error(), "something answers there") || strings.Contains(err.Error(), "check the address") {
				t.Errorf("%v, and its address is right", err)
			}
		})
	}
}
