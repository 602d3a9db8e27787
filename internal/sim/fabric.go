package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.uber.org/zap"
	"golang.org/x/sync/errgroup"
	tlscreds "google.golang.org/grpc/credentials"
)

// Options say how a fabric is served. Only Dir is needed.
type Options struct {
	Dir      string   // certificates, startup configurations and the control socket; made if absent
	Host     string   // address to listen on; 127.0.0.1 if empty
	Port     int      // of the first node, the others follow; 0 takes free ports
	Username string   // asked of every RPC; empty asks for no login
	Password string   // that goes with it
	ClientCA string   // file; if set, clients must present a certificate signed by it
	Faults   []string // control lines to begin with, such as "leaf1 refuse-set once"
	Log      *zap.Logger
}

// A Node is where one simulated device is reached.
type Node struct {
	Name    string
	Role    string
	Address string // host:port
	Serial  string
}

// A Fabric is a set of simulated devices and the cables between them.
type Fabric struct {
	opts     Options
	log      *zap.Logger
	topology *Topology
	services map[string]*service
	wires    *wiring
	wake     signal
	pki      *pki
	ca       string
	control  net.Listener

	settled settled
}

// New makes the fabric of a topology and binds an address for each of its network nodes. What it bound is
// released when Run ends.
func New(t *Topology, opts Options) (_ *Fabric, err error) {
	if opts.Host == "" {
		opts.Host = "127.0.0.1"
	}
	if opts.Log == nil {
		opts.Log = zap.NewNop()
	}
	if err := os.MkdirAll(opts.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	authority, err := newPKI(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	f := &Fabric{
		opts: opts, log: opts.Log.Named("sim"), topology: t, services: map[string]*service{},
		wires: newWiring(t.Links), wake: make(signal, 1), pki: authority, ca: filepath.Join(opts.Dir, "ca.pem"),
	}
	f.settled.init()
	if err := os.WriteFile(f.ca, authority.pem, 0o644); err != nil {
		return nil, fmt.Errorf("simulator: %w", err)
	}
	defer func() {
		if err != nil {
			f.release()
		}
	}()
	for _, tn := range t.Nodes {
		if tn.Host() {
			continue
		}
		if err := f.add(tn); err != nil {
			return nil, fmt.Errorf("simulator: node %q: %w", tn.Name, err)
		}
	}
	for _, line := range opts.Faults {
		if _, err := f.Control(context.Background(), line); err != nil {
			return nil, fmt.Errorf("simulator: %q: %w", line, err)
		}
	}
	if f.control, err = listenControl(opts.Dir); err != nil {
		return nil, fmt.Errorf("simulator: control socket: %w", err)
	}
	return f, nil
}

// add makes one node's device and binds its address.
func (f *Fabric) add(t TopologyNode) error {
	n, err := newNode(t, f.opts.Dir, f.log)
	if err != nil {
		return err
	}
	n.changed = f.stir
	port := f.opts.Port
	if port != 0 {
		port += len(f.services)
	}
	l, err := net.Listen("tcp", net.JoinHostPort(f.opts.Host, strconv.Itoa(port)))
	if err != nil {
		return err
	}
	s := &service{node: n, first: l, address: l.Addr().String(), login: credentials{f.opts.Username, f.opts.Password}}
	f.services[t.Name] = s
	if err := f.certify(s); err != nil {
		return err
	}
	config := &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.cert.Load(), nil },
		MinVersion:     tls.VersionTLS12,
	}
	if f.opts.ClientCA != "" {
		pem, err := os.ReadFile(f.opts.ClientCA)
		if err != nil {
			return err
		}
		config.ClientCAs, config.ClientAuth = x509.NewCertPool(), tls.RequireAndVerifyClientCert
		if !config.ClientCAs.AppendCertsFromPEM(pem) {
			return fmt.Errorf("client CA: no certificate in %s", f.opts.ClientCA)
		}
	}
	s.tls = tlscreds.NewTLS(config)
	return nil
}

// certify gives a device its certificate, valid for its name and addresses.
func (f *Fabric) certify(s *service) error {
	ips := []net.IP{s.Mgmt.Addr().AsSlice()}
	if ip := net.ParseIP(f.opts.Host); ip != nil {
		ips = append(ips, ip)
	}
	cert, err := f.pki.server(s.Name, ips...)
	if err != nil {
		return err
	}
	s.cert.Store(&cert)
	return nil
}

// swap puts another device in the place of one: an empty configuration, another certificate and serial number.
func (f *Fabric) swap(s *service) error {
	if err := f.pki.forget(s.Name); err != nil {
		return err
	}
	if err := f.certify(s); err != nil {
		return err
	}
	return s.replaceHardware()
}

func (f *Fabric) release() {
	for _, s := range f.services {
		s.close()
	}
	if f.control != nil {
		_ = f.control.Close() // nothing was served from it
	}
}

// Run serves every node, the control plane and the control socket until the context ends.
func (f *Fabric) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range f.services {
		g.Go(func() error { return s.run(ctx) })
	}
	g.Go(func() error { return f.converge(ctx) })
	g.Go(func() error { return f.serveControl(ctx) })
	err := g.Wait()
	f.release()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// Nodes returns where the devices are reached, by name.
func (f *Fabric) Nodes() []Node {
	out := make([]Node, 0, len(f.services))
	for _, s := range f.services {
		out = append(out, Node{Name: s.Name, Role: s.Role, Address: s.address, Serial: s.serialNumber()})
	}
	slices.SortFunc(out, func(a, b Node) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// CA returns the file with the certificate authority of the devices' certificates.
func (f *Fabric) CA() string { return f.ca }
