package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/monitor"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/reconcile"
	"github.com/tenter-net/tenter/internal/secret"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/tree"
)

// A pool holds the one session with each device, for watching and for writing alike. A session lives until the pool is
// closed or the device is to be reached in another way.
type pool struct {
	set     *settings.Settings
	secrets *secret.Reader
	log     *zap.Logger
	target  func(ctx context.Context, name intent.DeviceName) (*target, error)

	mu      sync.Mutex
	devices map[intent.DeviceName]*pooled
}

// A pooled device has its own lock, so that one that does not answer holds up nobody else.
type pooled struct {
	mu      sync.Mutex
	access  access
	session *gnmi.Session
}

// access is everything that a session depends on; another value needs another session.
type access struct {
	address, tls, credentials string
	profile                   *profile.Profile
	table                     *tree.Table
}

func newPool(set *settings.Settings, secrets *secret.Reader, log *zap.Logger) *pool {
	return &pool{set: set, secrets: secrets, log: log.Named("session"), devices: map[intent.DeviceName]*pooled{}}
}

func (p *pool) device(name intent.DeviceName) *pooled {
	p.mu.Lock()
	defer p.mu.Unlock()
	d, ok := p.devices[name]
	if !ok {
		d = &pooled{}
		p.devices[name] = d
	}
	return d
}

func (p *pool) get(ctx context.Context, name intent.DeviceName) (*gnmi.Session, error) {
	t, err := p.target(ctx, name)
	if err != nil {
		return nil, err
	}
	want := t.access()
	d := p.device(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.session != nil && d.access == want {
		return d.session, nil
	}
	if d.session != nil {
		if err := d.session.Close(); err != nil {
			p.log.Debug("old session", zap.String("device", string(name)), zap.Error(err))
		}
		d.session = nil
	}
	cfg, err := p.config(name, want)
	if err != nil {
		return nil, fmt.Errorf("device %q: %w", name, err)
	}
	s, err := gnmi.Dial(ctx, cfg)
	if err != nil {
		return nil, err
	}
	d.session, d.access = s, want
	return d.session, nil
}

func (t *target) access() access {
	a := t.watch.Model.Access
	return access{address: a.Address, tls: a.TLS, credentials: a.Credentials, profile: t.profile, table: t.watch.Table}
}

func (p *pool) config(name intent.DeviceName, a access) (gnmi.Config, error) {
	cfg := gnmi.Config{Name: name, Address: a.address, Profile: a.profile, Table: a.table, Log: p.log}
	if a.tls != "" {
		t, err := p.tls(a.tls)
		if err != nil {
			return cfg, err
		}
		cfg.TLS = t
	}
	if a.credentials != "" {
		c, ok := find(p.set.Credentials, func(c settings.Credentials) bool { return c.Name == a.credentials })
		if !ok {
			return cfg, fmt.Errorf("credentials %q: not in the settings, under credentials", a.credentials)
		}
		cfg.Username = func() (string, error) {
			if c.Username != "" {
				return c.Username, nil
			}
			text, err := p.secrets.From("", c.UsernameEnv)
			return text.Reveal(), err
		}
		cfg.Password = func() (string, error) {
			text, err := p.secrets.From(c.PasswordFile, c.PasswordEnv)
			return text.Reveal(), err
		}
	}
	return cfg, nil
}

func (p *pool) tls(name string) (gnmi.TLS, error) {
	t, ok := find(p.set.TLS, func(t settings.TLS) bool { return t.Name == name })
	if !ok {
		return gnmi.TLS{}, fmt.Errorf("tls %q: not in the settings, under tls", name)
	}
	out := gnmi.TLS{Pin: t.PinSHA256, ServerName: t.ServerName, SkipVerify: t.InsecureSkipVerify, Plaintext: t.Plaintext}
	for _, f := range []struct {
		file string
		into *[]byte
	}{{t.CAFile, &out.CA}, {t.CertFile, &out.Cert}, {t.KeyFile, &out.Key}} {
		if f.file == "" {
			continue
		}
		data, err := os.ReadFile(f.file)
		if err != nil {
			return out, fmt.Errorf("tls %q: %w", name, err)
		}
		*f.into = data
	}
	return out, nil
}

func find[T any](list []T, is func(T) bool) (T, bool) {
	for _, t := range list {
		if is(t) {
			return t, true
		}
	}
	var none T
	return none, false
}

// close ends every session.
func (p *pool) close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for _, d := range p.devices {
		d.mu.Lock()
		if d.session != nil {
			errs = append(errs, d.session.Close())
			d.session = nil
		}
		d.mu.Unlock()
	}
	return errors.Join(errs...)
}

// The engines each name the part of a session that they use.
type (
	writeSessions struct{ *pool }
	watchSessions struct{ *pool }
)

// Session gives the reconciler its session.
func (w writeSessions) Session(ctx context.Context, name intent.DeviceName) (reconcile.Session, error) {
	return w.get(ctx, name)
}

// Session gives the monitor its session.
func (w watchSessions) Session(ctx context.Context, name intent.DeviceName) (monitor.Session, error) {
	return w.get(ctx, name)
}
