package app

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.uber.org/zap"

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
	observer
	target func(ctx context.Context, name intent.DeviceName) (*target, error)

	mu      sync.Mutex
	devices map[intent.DeviceName]*pooled
}

// A pooled device has its own lock, so that one that does not answer holds up nobody else.
type pooled struct {
	mu      sync.Mutex
	access  access
	session session
	gone    bool // forgotten: whoever still has it gets another
}

// A session is what every adapter of package device offers the engines.
type session interface {
	reconcile.Session
	monitor.Session
	reconcile.Fresh
}

// access is everything that a session depends on; another value needs another session.
type access struct {
	address, tls, ssh, credentials string
	profile                        *profile.Profile
	table                          *tree.Table
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

func (p *pool) get(ctx context.Context, name intent.DeviceName) (session, error) {
	t, err := p.target(ctx, name)
	if err != nil {
		return nil, err
	}
	want := t.access()
	d := p.device(name)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone {
		return nil, fmt.Errorf("device %q: the intents have no such device any more", name)
	}
	if d.session != nil && d.access == want {
		return d.session, nil
	}
	if d.session != nil {
		if err := d.session.Close(); err != nil {
			p.log.Debug("old session", zap.String("device", string(name)), zap.Error(err))
		}
		d.session = nil
	}
	s, err := p.dial(ctx, name, want)
	if err != nil {
		return nil, err
	}
	d.session, d.access = observed{s, p.observer, name}, want
	return d.session, nil
}

func (t *target) access() access {
	a := t.watch.Model.Access
	return access{address: a.Address, tls: a.TLS, ssh: a.SSH, credentials: a.Credentials, profile: t.profile, table: t.watch.Table}
}

// Forget ends the session with a device that nobody wants any more, if there is one.
func (p *pool) Forget(name intent.DeviceName) {
	p.mu.Lock()
	d := p.devices[name]
	delete(p.devices, name)
	p.mu.Unlock()
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gone = true
	if d.session == nil {
		return
	}
	if err := d.session.Close(); err != nil {
		p.log.Debug("session of a device that is gone", zap.String("device", string(name)), zap.Error(err))
	}
	d.session = nil
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

// Fresh gives the reconciler a connection of its own, in the way that the device is reached by now.
func (w writeSessions) Fresh(ctx context.Context, name intent.DeviceName) (reconcile.Fresh, error) {
	t, err := w.target(ctx, name)
	if err != nil {
		return nil, err
	}
	return w.dial(ctx, name, t.access())
}

// Session gives the monitor its session.
func (w watchSessions) Session(ctx context.Context, name intent.DeviceName) (monitor.Session, error) {
	return w.get(ctx, name)
}
