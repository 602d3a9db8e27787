package app

import (
	"context"
	"fmt"
	"os"

	"github.com/tenter-net/tenter/internal/device/cli"
	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/device/netconf"
	"github.com/tenter-net/tenter/internal/device/ssh"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/settings"
)

// dial makes a session over the transport of the device's profile.
func (p *pool) dial(ctx context.Context, name intent.DeviceName, a access) (session, error) {
	switch a.profile.Transport {
	case profile.TransportNETCONF:
		l, err := p.login(name, a)
		if err != nil {
			return nil, err
		}
		return opened(netconf.Dial(ctx, netconf.Config{
			Name: name, Address: a.address, Trust: l.trust, Username: l.username, Password: l.password, PrivateKey: l.privateKey,
			Profile: a.profile, Table: a.table, Log: p.log,
		}))
	case profile.TransportCLI:
		l, err := p.login(name, a)
		if err != nil {
			return nil, err
		}
		return opened(cli.Dial(ctx, cli.Config{
			Name: name, Address: a.address, Trust: l.trust, Username: l.username, Password: l.password, PrivateKey: l.privateKey,
			Profile: a.profile, Table: a.table, Log: p.log,
		}))
	}
	return p.dialGNMI(ctx, name, a)
}

// opened keeps a session that is nil from becoming an interface that is not.
func opened[S session](s S, err error) (session, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// A login is whom to trust over SSH, and what to log in with.
type login struct {
	trust                          ssh.Trust
	username, password, privateKey func() (string, error)
}

func (p *pool) login(name intent.DeviceName, a access) (login, error) {
	var l login
	if a.ssh == "" {
		return l, fmt.Errorf("device %q: profile %q needs SSH: name SSH settings in the Device document (ssh: NAME)", name, a.profile.Name)
	}
	trust, ok := find(p.set.SSH, func(s settings.SSH) bool { return s.Name == a.ssh })
	if !ok {
		return l, fmt.Errorf("device %q: ssh %q: not in the settings, under ssh", name, a.ssh)
	}
	l.trust = ssh.Trust{KnownHosts: trust.KnownHosts, Pin: trust.HostKeySHA256, Anyone: trust.InsecureSkipHostKey}
	c, err := p.credentials(a.credentials)
	if err != nil {
		return l, fmt.Errorf("device %q: %w", name, err)
	}
	l.username = p.username(c)
	if c.PasswordFile != "" || c.PasswordEnv != "" {
		l.password = p.password(c)
	}
	if c.PrivateKeyFile != "" {
		l.privateKey = func() (string, error) {
			data, err := os.ReadFile(c.PrivateKeyFile)
			return string(data), err
		}
	}
	return l, nil
}

func (p *pool) dialGNMI(ctx context.Context, name intent.DeviceName, a access) (session, error) {
	cfg := gnmi.Config{Name: name, Address: a.address, Profile: a.profile, Table: a.table, Log: p.log}
	var err error
	if a.tls != "" {
		if cfg.TLS, err = p.tls(a.tls); err != nil {
			return nil, fmt.Errorf("device %q: %w", name, err)
		}
	}
	if a.credentials != "" {
		c, err := p.credentials(a.credentials)
		if err != nil {
			return nil, fmt.Errorf("device %q: %w", name, err)
		}
		cfg.Username, cfg.Password = p.username(c), p.password(c)
	}
	return opened(gnmi.Dial(ctx, cfg))
}

// credentials returns the settings of a name that a Device document uses.
func (p *pool) credentials(name string) (settings.Credentials, error) {
	c, ok := find(p.set.Credentials, func(c settings.Credentials) bool { return c.Name == name })
	if !ok {
		return c, fmt.Errorf("credentials %q: not in the settings, under credentials", name)
	}
	return c, nil
}

// username and password read the secret anew whenever it is needed, so that a changed one is used at once.
func (p *pool) username(c settings.Credentials) func() (string, error) {
	return func() (string, error) {
		if c.Username != "" {
			return c.Username, nil
		}
		text, err := p.secrets.From("", c.UsernameEnv)
		return text.Reveal(), err
	}
}

func (p *pool) password(c settings.Credentials) func() (string, error) {
	return func() (string, error) {
		text, err := p.secrets.From(c.PasswordFile, c.PasswordEnv)
		return text.Reveal(), err
	}
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
