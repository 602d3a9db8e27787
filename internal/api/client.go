package api

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
)

// ErrNoServer says that nobody listens on the socket.
var ErrNoServer = errors.New("no tenter is serving here")

// A Client calls operations of one server.
type Client struct {
	base   string
	socket string // empty for a server elsewhere
	token  string
	http   *http.Client
}

// NewClient returns a client of the socket file. It connects with the first call.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Client{base: "http://tenter", socket: socket, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
}

// A Remote is a server elsewhere. CAFile has the authorities that sign its certificate, empty for the system's.
type Remote struct {
	URL    string // https://HOST:PORT, or unix:///PATH
	CAFile string
	Token  string // for https
}

// NewRemote returns a client of a server elsewhere. It connects with the first call.
func NewRemote(r Remote) (*Client, error) {
	if socket, ok := strings.CutPrefix(r.URL, "unix://"); ok {
		return NewClient(socket), nil
	}
	u, err := url.Parse(r.URL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("server: %q is neither https://HOST:PORT nor unix:///PATH", r.URL)
	}
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.CAFile != "" {
		pem, err := os.ReadFile(r.CAFile)
		if err != nil {
			return nil, fmt.Errorf("server_ca: %w", err)
		}
		if conf.RootCAs = x509.NewCertPool(); !conf.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("server_ca: %s has no certificate", r.CAFile)
		}
	}
	return &Client{base: "https://" + u.Host, token: r.Token, http: &http.Client{
		Transport:     &http.Transport{TLSClientConfig: conf, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for nobody else
	}}, nil
}

// Alive reports whether somebody listens on the socket.
func (c *Client) Alive(ctx context.Context) bool {
	conn, err := (&net.Dialer{}).DialContext(ctx, "unix", c.socket)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// Call runs the operation name. A *Problem is the server's own error; ErrNoServer means that nothing was asked.
func Call[Res any](ctx context.Context, c *Client, name string, req any) (Res, error) {
	var res Res
	body, err := json.Marshal(req)
	if err != nil {
		return res, fmt.Errorf("%s: %w", name, err)
	}
	reply, err := c.send(ctx, http.MethodPost, name, bytes.NewReader(body))
	if err != nil {
		return res, err
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		return res, fmt.Errorf("%s: %w", name, err)
	}
	if reply.StatusCode != http.StatusOK {
		return res, problemOf(name, reply.Status, data)
	}
	if err := json.Unmarshal(data, &res); err != nil {
		return res, fmt.Errorf("%s: reply: %w", name, err)
	}
	return res, nil
}

// send sends one request. The error of a server that is not there is ErrNoServer on a socket, and names it elsewhere.
func (c *Client) send(ctx context.Context, method, name string, body io.Reader) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1/"+name, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	reply, err := c.http.Do(r)
	switch {
	case err == nil:
		return reply, nil
	case c.socket != "" && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist)):
		return nil, ErrNoServer
	case c.socket == "":
		var wrapped *url.Error
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		return nil, fmt.Errorf("server %s: %w", c.base, err)
	}
	return nil, fmt.Errorf("%s: %w", name, err)
}

func problemOf(name, status string, data []byte) error {
	var p Problem
	if err := json.Unmarshal(data, &p); err != nil || p.Detail == "" {
		return fmt.Errorf("%s: the server answered %s", name, status)
	}
	return &p
}
