package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"syscall"
)

// ErrNoServer says that nobody listens on the socket.
var ErrNoServer = errors.New("no tenter is serving here")

// A Client calls operations of the server on one socket.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient returns a client of the socket file. It connects with the first call.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	return &Client{socket: socket, http: &http.Client{Transport: &http.Transport{DialContext: dial}}}
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
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://tenter/api/v1/"+name, bytes.NewReader(body))
	if err != nil {
		return res, fmt.Errorf("%s: %w", name, err)
	}
	reply, err := c.http.Do(r)
	if errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, os.ErrNotExist) {
		return res, ErrNoServer
	}
	if err != nil {
		return res, fmt.Errorf("%s: %w", name, err)
	}
	defer reply.Body.Close()
	data, err := io.ReadAll(reply.Body)
	if err != nil {
		return res, fmt.Errorf("%s: %w", name, err)
	}
	if reply.StatusCode != http.StatusOK {
		var p Problem
		if err := json.Unmarshal(data, &p); err != nil || p.Detail == "" {
			return res, fmt.Errorf("%s: the server answered %s", name, reply.Status)
		}
		return res, &p
	}
	if err := json.Unmarshal(data, &res); err != nil {
		return res, fmt.Errorf("%s: reply: %w", name, err)
	}
	return res, nil
}
