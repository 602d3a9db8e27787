package sim

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"strings"
	"testing"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	tlscreds "google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/sim/plane"
)

// eventually repeats a check until it holds.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(time.Minute)
	for !check() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// answers tells whether a Get succeeds within a short time, whatever connection it takes. On a busy machine one may not: what is to
// answer does so eventually.
func (f *testFabric) answers(name string) bool {
	c := f.hand(name)
	ctx, cancel := context.WithTimeout(context.Background(), 300*time.Millisecond)
	defer cancel()
	_, err := c.Get(ctx, "/system")
	return err == nil
}

func TestRebootForgetsWhatWasNotSaved(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	mustSet(t, c, ctx, updates(banner, `"saved"`))
	mustSet(t, c, ctx, &gpb.SetRequest{Update: []*gpb.Update{{
		Path: &gpb.Path{Origin: "cli"}, Val: &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: openConfig.save[0]}},
	}}})
	mustSet(t, c, ctx, updates(banner, `"not saved"`))
	resp, err := c.Get(ctx, &gpb.GetRequest{Path: []*gpb.Path{{Origin: "cli", Elem: []*gpb.PathElem{{Name: "show startup-config"}}}}})
	if err != nil || !strings.Contains(resp.String(), "saved") || strings.Contains(resp.String(), "not saved") {
		t.Errorf("startup: %v, %v", resp, err)
	}
	boot := get(t, c, ctx, "/system/state/boot-time")
	w := subscribe(t, c, ctx, onChange("/system"))
	w.synced()
	f.control("leaf1 reboot")
	if _, err := w.s.Recv(); err == nil {
		t.Error("the stream survived the reboot, or told of it")
	}
	eventually(t, "leaf1 is back", func() bool { return f.answers("leaf1") })
	again, ctx := f.raw("leaf1")
	if got := get(t, again, ctx, banner); got != `"saved"` {
		t.Errorf("after the reboot: %s", got)
	}
	if get(t, again, ctx, "/system/state/boot-time") <= boot {
		t.Error("the boot time did not change")
	}
	_, err = again.Set(ctx, &gpb.SetRequest{Update: []*gpb.Update{{
		Path: &gpb.Path{Origin: "cli"}, Val: &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: "reload"}},
	}}})
	wantCode(t, err, codes.InvalidArgument, "no such command")
}

func TestStartupOutlivesTheSimulator(t *testing.T) {
	dir := t.TempDir()
	first := start(t, Options{Dir: dir})
	c, ctx := first.raw("leaf1")
	mustSet(t, c, ctx, updates(banner, `"saved"`))
	first.control("leaf1 save")
	first.stop()
	second := start(t, Options{Dir: dir})
	if string(second.ca) != string(first.ca) {
		t.Error("another certificate authority: the devices lost their identity")
	}
	c, ctx = second.raw("leaf1")
	if got := get(t, c, ctx, banner); got != `"saved"` {
		t.Errorf("after a restart: %s", got)
	}
}

func TestForget(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	mustSet(t, c, ctx, updates(banner, `"x"`))
	w := subscribe(t, c, ctx, onChange(banner))
	w.synced()
	f.control("leaf1 forget")
	if got := lines(w.next()); len(got) != 1 || got[0] != "- "+banner {
		t.Errorf("got %v", got)
	}
}

func TestManagementPath(t *testing.T) {
	f := start(t, Options{})
	for _, cut := range []string{"cut", "blackhole", "off"} {
		eventually(t, "leaf2 answers before "+cut, func() bool { return f.answers("leaf2") })
		f.control("leaf2 " + cut)
		eventually(t, cut+" silences leaf2", func() bool { return !f.answers("leaf2") })
		eventually(t, cut+" leaves leaf1 alone", func() bool { return f.answers("leaf1") })
		f.control("leaf2 restore")
		f.control("leaf2 on")
		eventually(t, "leaf2 is back", func() bool { return f.answers("leaf2") })
	}
}

func TestBlackholeKeepsTheConnection(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	w := subscribe(t, c, ctx, onChange(banner))
	w.synced()
	f.control("leaf1 blackhole")
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, err := c.Set(short, updates(banner, `"while away"`))
	wantCode(t, err, codes.DeadlineExceeded, "")
	f.control("leaf1 restore")
	mustSet(t, c, ctx, updates(banner, `"back"`))
	for {
		if got := lines(w.next()); got[0] == banner+" back" {
			return
		}
	}
}

func TestAnotherDeviceInItsPlace(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	mustSet(t, c, ctx, updates(banner, `"x"`))
	f.control("leaf1 save")
	certificate := func() string { return string(f.services["leaf1"].cert.Load().Certificate[0]) }
	before := certificate()
	f.control("leaf1 swap")
	eventually(t, "the new leaf1 answers", func() bool { return f.answers("leaf1") })
	c, ctx = f.raw("leaf1")
	if got := get(t, c, ctx, "/components/component[name=Chassis]/state/serial-no"); got != `"SIM-leaf1R"` {
		t.Errorf("serial: %s", got)
	}
	if got := get(t, c, ctx, banner); got != "" {
		t.Errorf("it has the configuration of the old one: %s", got)
	}
	if certificate() == before {
		t.Error("it has the certificate of the old one")
	}
	f.control("leaf1 upgrade 2.0")
	eventually(t, "leaf1 is back", func() bool { return f.answers("leaf1") })
	c, ctx = f.raw("leaf1")
	if got := get(t, c, ctx, "/system/state/software-version"); got != `"2.0"` {
		t.Errorf("version: %s", got)
	}
}

func TestDropStreams(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	w := subscribe(t, c, ctx, onChange(banner))
	w.synced()
	f.control("leaf1 drop-streams")
	_, err := w.s.Recv()
	wantCode(t, err, codes.Unavailable, "dropped")
	subscribe(t, c, ctx, onChange(banner)).synced()
}

// TestNothingOfBeforeIsShown: what the control plane worked out from a configuration is not shown by a device that lost it meanwhile.
func TestNothingOfBeforeIsShown(t *testing.T) {
	f := startTopology(t, mixed, Options{})
	c, ctx := f.raw("srl")
	mustSet(t, c, ctx, updates("/interface[name=ethernet-1/1]/admin-state", `"disable"`))
	f.control("settle")
	s := f.services["srl"]
	s.mu.Lock()
	from, late := s.config, s.computed
	s.mu.Unlock()
	f.control("srl swap")
	f.control("settle")
	s.compute(from, late)
	s.mu.Lock()
	defer s.mu.Unlock()
	if plane.EqualLeaves(s.computed, late) {
		t.Errorf("it shows %v", late)
	}
}

// A configuration that locks everybody out holds until commit-confirmed takes it back.
func TestLockedOut(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	_, err := c.Set(ctx, withCommit(updates("/interfaces/interface[name=Management0]/config/enabled", `false`), commit("oops", 5*time.Second)))
	if err != nil && status.Code(err) != codes.Unavailable { // the answer may be cut off as well
		t.Fatal(err)
	}
	eventually(t, "leaf1 is out of reach", func() bool { return !f.answers("leaf1") })
	eventually(t, "leaf1 took it back", func() bool { return f.answers("leaf1") })
}

func TestLogin(t *testing.T) {
	f := start(t, Options{})
	c, _ := f.raw("leaf1")
	for name, md := range map[string][]string{
		"none":           nil,
		"wrong password": {"username", "admin", "password", "guess"},
		"wrong user":     {"username", "root", "password", "secret"},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := metadata.AppendToOutgoingContext(timeout(t), md...)
			_, err := c.Get(ctx, &gpb.GetRequest{})
			wantCode(t, err, codes.Unauthenticated, "")
			_, err = subscribe(t, c, ctx, onChange("/system")).s.Recv()
			wantCode(t, err, codes.Unauthenticated, "")
		})
	}
}

func TestCertificates(t *testing.T) {
	clients, err := newPKI(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := start(t, Options{ClientCA: clients.dir + "/ca.pem"})
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(f.ca)
	call := func(config *tls.Config) error {
		config.RootCAs = pool
		conn, err := grpc.NewClient(f.address("leaf1"), grpc.WithTransportCredentials(tlscreds.NewTLS(config)))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = gpb.NewGNMIClient(conn).Capabilities(login(timeout(t)), &gpb.CapabilityRequest{})
		return err
	}
	good := tls.Config{ServerName: "leaf1", Certificates: []tls.Certificate{clientCert(t, clients)}}
	if err := call(good.Clone()); err != nil {
		t.Errorf("with a certificate: %v", err)
	}
	wantCode(t, call(&tls.Config{ServerName: "leaf1"}), codes.Unavailable, "")
	other := good.Clone()
	other.ServerName = "leaf2"
	wantCode(t, call(other), codes.Unavailable, "certificate is valid for leaf1")
}

func clientCert(t *testing.T, authority *pki) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "tenter"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, authority.cert, &key.PublicKey, authority.key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
