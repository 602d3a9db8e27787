package ssh

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// connectTimeout bounds TCP, key exchange and login together. A device that is up takes a second, a loaded one some.
const connectTimeout = 15 * time.Second

// tcpKeepAlive finds a dead peer in about 25 s.
var tcpKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 3}

// ErrLogin is in the error of Dial when the device takes neither key nor password of the user.
var ErrLogin = errors.New("login failed")

// Config says whom to connect to, and as whom. The functions are called at each Dial, so that secrets can change; one
// that is nil has nothing to offer. Their errors must not hold what they read.
type Config struct {
	Address    string // host:port; an IPv6 host in brackets
	Trust      Trust
	Username   func() (string, error)
	Password   func() (string, error)
	PrivateKey func() (string, error) // PEM or OpenSSH
	Passphrase func() (string, error) // of the private key; not asked for one that has none
}

// A Conn is one SSH connection after login. It is safe for concurrent use.
type Conn struct {
	client      *ssh.Client
	fingerprint string
}

// Dial connects and logs in. Its error holds ErrHostKey or ErrLogin where it is one of these, and never a secret.
func Dial(ctx context.Context, cfg Config) (*Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	trust, err := cfg.Trust.checker(cfg.Address)
	if err != nil {
		return nil, err
	}
	config := &ssh.ClientConfig{HostKeyCallback: trust.callback, HostKeyAlgorithms: trust.algorithms, ClientVersion: "SSH-2.0-Tenter"}
	asked, err := cfg.login(config)
	if err != nil {
		return nil, err
	}
	tcp, err := (&net.Dialer{KeepAliveConfig: tcpKeepAlive}).DialContext(ctx, "tcp", cfg.Address)
	if err != nil {
		return nil, err
	}
	// Closing is what ends a read of a peer that says nothing: x/crypto knows no context.
	stop := context.AfterFunc(ctx, func() { _ = tcp.Close() })
	conn, channels, requests, err := ssh.NewClientConn(tcp, cfg.Address, config)
	if !stop() && err == nil { // the context ended just as the login did
		_ = conn.Close()
		err = ctx.Err()
	}
	if err != nil {
		_ = tcp.Close()
		if asked.more != "" {
			err = fmt.Errorf("%w: after the password the device asks %q: if it has expired, change it there", ErrLogin, asked.more)
		}
		return nil, explain(ctx, trust, err)
	}
	return &Conn{client: ssh.NewClient(conn, channels, requests), fingerprint: ssh.FingerprintSHA256(trust.taken)}, nil
}

// login fills in user, keys and password, and returns what answers the device's questions.
func (cfg Config) login(into *ssh.ClientConfig) (*dialogue, error) {
	read := func(what string, from func() (string, error)) (string, error) {
		if from == nil {
			return "", nil
		}
		v, err := from()
		if err != nil {
			return "", fmt.Errorf("%w: %s: %w", ErrLogin, what, err)
		}
		return v, nil
	}
	user, err := read("user name", cfg.Username)
	if err != nil {
		return nil, err
	}
	pem, err := read("private key", cfg.PrivateKey)
	if err != nil {
		return nil, err
	}
	password, err := read("password", cfg.Password)
	if err != nil {
		return nil, err
	}
	into.User = user
	if pem != "" {
		signer, err := cfg.signer([]byte(pem))
		if err != nil {
			return nil, fmt.Errorf("%w: private key: %w", ErrLogin, err)
		}
		into.Auth = append(into.Auth, ssh.PublicKeys(signer))
	}
	asked := &dialogue{password: password}
	if password != "" {
		into.Auth = append(into.Auth, ssh.Password(password), ssh.KeyboardInteractive(asked.answer))
	}
	return asked, nil
}

// signer reads a private key. What the parsers say is left out: it may quote the key.
func (cfg Config) signer(pem []byte) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey(pem)
	var locked *ssh.PassphraseMissingError
	switch {
	case err == nil:
		return signer, nil
	case !errors.As(err, &locked):
		return nil, errors.New("it is neither PEM nor OpenSSH")
	case cfg.Passphrase == nil:
		return nil, errors.New("it has a passphrase, which Tenter cannot ask for: give it a key without one")
	}
	passphrase, err := cfg.Passphrase()
	if err != nil {
		return nil, fmt.Errorf("passphrase: %w", err)
	}
	if signer, err = ssh.ParsePrivateKeyWithPassphrase(pem, []byte(passphrase)); err != nil {
		return nil, errors.New("the passphrase does not open it")
	}
	return signer, nil
}

// A dialogue answers what a device asks at login. Only the first question that hides what is typed is for the password: what
// follows asks for another one, because it has expired, or for something that Tenter does not have.
type dialogue struct {
	password string
	given    bool
	more     string // the question that was not answered
}

func (d *dialogue) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	answers := make([]string, len(questions))
	for i, q := range questions {
		switch {
		case echos[i]:
		case d.given:
			d.more = strings.TrimSpace(q)
			return nil, errors.New("nothing to answer with")
		default:
			answers[i], d.given = d.password, true
		}
	}
	return answers, nil
}

// explain puts into words why there is no connection.
func explain(ctx context.Context, trust *checker, err error) error {
	switch {
	case trust.refused != nil:
		return trust.refused
	case ctx.Err() != nil:
		return fmt.Errorf("it takes connections but does not speak SSH, or not in time: %w", ctx.Err())
	case strings.Contains(err.Error(), "no common algorithm for host key"):
		return fmt.Errorf("%w: the device has no host key of a kind that is known of it: %w", ErrHostKey, err)
	case strings.Contains(err.Error(), "unable to authenticate"):
		return fmt.Errorf("%w: %w", ErrLogin, err)
	}
	return err
}

// Fingerprint returns the SHA-256 of the host key that was taken, as ssh-keygen -l prints it: SHA256:….
func (c *Conn) Fingerprint() string { return c.fingerprint }

// Close ends the connection and everything on it, whatever the peer does.
func (c *Conn) Close() error {
	if err := c.client.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
