package source

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/go-git/go-git/v5"
	"github.com/go-git/go-git/v5/plumbing/storer"
	"github.com/go-git/go-git/v5/plumbing/transport"
	githttp "github.com/go-git/go-git/v5/plumbing/transport/http"
	"github.com/go-git/go-git/v5/plumbing/transport/server"

	"github.com/tenter-net/tenter/internal/device/ssh"
)

// connect begins a fetch. Everything that it waits for ends with ctx.
func (r *Remote) connect(ctx context.Context) (transport.UploadPackSession, error) {
	u, err := url.Parse(r.opts.URL)
	if err != nil {
		return nil, fmt.Errorf("git: %w", err)
	}
	switch u.Scheme {
	case "file":
		return server.NewServer(local{}).NewUploadPackSession(&transport.Endpoint{Protocol: "file", Path: u.Path}, nil)
	case "ssh":
		return r.connectSSH(ctx, u)
	}
	return r.connectHTTP(u)
}

// local finds the repositories of this machine.
type local struct{}

// Load opens one. One that is not there may be on a disk that is not mounted: that is for now, as a server that is away.
func (local) Load(ep *transport.Endpoint) (storer.Storer, error) {
	repo, err := git.PlainOpenWithOptions(ep.Path, &git.PlainOpenOptions{EnableDotGitCommonDir: true})
	if err != nil {
		return nil, fmt.Errorf("there is no repository in %s: %w", ep.Path, err)
	}
	return repo.Storer, nil
}

// The parts of an HTTP request that may hang; all of it ends with the fetch's timeout.
const (
	dialTimeout   = 15 * time.Second
	headerTimeout = 30 * time.Second
)

func (r *Remote) connectHTTP(u *url.URL) (transport.UploadPackSession, error) {
	way := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headerTimeout,
		TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12}, DisableKeepAlives: true,
	}
	if r.opts.CAFile != "" {
		pem, err := os.ReadFile(r.opts.CAFile)
		if err != nil {
			return nil, fmt.Errorf("ca_file: %w", err)
		}
		way.TLSClientConfig.RootCAs = x509.NewCertPool()
		if !way.TLSClientConfig.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("ca_file: %s holds no certificate", r.opts.CAFile)
		}
	}
	var auth transport.AuthMethod
	if r.opts.Token != nil {
		token, err := r.opts.Token()
		if err != nil {
			return nil, fmt.Errorf("token: %w", err)
		}
		auth = &githttp.BasicAuth{Username: r.opts.Username, Password: token}
	}
	ep, err := transport.NewEndpoint(strings.TrimRight(u.String(), "/"))
	if err != nil {
		return nil, fmt.Errorf("git: %w", err)
	}
	return githttp.NewClient(&http.Client{Transport: way, CheckRedirect: onlyTLS}).NewUploadPackSession(ep, auth)
}

// onlyTLS lets no redirect leave TLS: net/http would take the token along, in clear.
func onlyTLS(next *http.Request, via []*http.Request) error {
	if via[0].URL.Scheme == "https" && next.URL.Scheme != "https" {
		return errClear
	}
	return nil
}

var errClear = errors.New("the server redirects to an address without TLS")

func (r *Remote) connectSSH(ctx context.Context, u *url.URL) (transport.UploadPackSession, error) {
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), "22")
	}
	user := "git"
	if u.User != nil {
		user = u.User.Username()
	}
	conn, err := ssh.Dial(ctx, ssh.Config{
		Address: address, Trust: r.opts.Trust, Username: func() (string, error) { return user, nil },
		PrivateKey: r.opts.PrivateKey, Passphrase: r.opts.Passphrase,
	})
	if err != nil {
		return nil, err
	}
	stream, err := conn.Exec(ctx, "git-upload-pack "+quoted(u.Path))
	if err != nil {
		_ = conn.Close() // the reason is in err
		return nil, err
	}
	return newUpload(ctx, stream), nil
}
