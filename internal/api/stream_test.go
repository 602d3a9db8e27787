package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/tenter-net/tenter/internal/api"
)

func TestStream(t *testing.T) {
	s := api.NewServer(options())
	s.Stream("count", func(ctx context.Context, f api.Following, out chan<- api.Told) error {
		if f.Query.Get("bad") != "" {
			return errors.New("no such thing")
		}
		out <- api.Told{}
		for id := f.After + 1; ; id++ {
			select {
			case out <- api.Told{ID: id, Type: "n", Data: []byte(`{}`)}:
			case <-ctx.Done():
				return nil
			}
		}
	})
	socket := filepath.Join(t.TempDir(), "s")
	ctx, cancel := context.WithCancel(t.Context())
	ran := make(chan error)
	go func() { ran <- s.Run(ctx, socket, nil) }()
	dialer := func(ctx context.Context, _, _ string) (net.Conn, error) {
		for {
			if c, err := (&net.Dialer{}).DialContext(ctx, "unix", socket); err == nil || ctx.Err() != nil {
				return c, err
			}
		}
	}
	client := &http.Client{Transport: &http.Transport{DialContext: dialer}}
	defer client.CloseIdleConnections()
	ask := func(query, last string) *http.Response {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/api/v1/count"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if last != "" {
			req.Header.Set("Last-Event-ID", last)
		}
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		return res
	}
	for query, last := range map[string]string{"?after=41": "", "?after=7": "41"} {
		res := ask(query, last)
		lines := bufio.NewScanner(res.Body)
		var got []string
		for len(got) < 6 && lines.Scan() {
			got = append(got, lines.Text())
		}
		if want := ": here||id: 42|event: n|data: {}|"; strings.Join(got, "|") != want || res.Header.Get("Content-Type") != "text/event-stream" {
			t.Errorf("%s: %q", query, got)
		}
		_ = res.Body.Close() // a client that leaves
	}
	for query, want := range map[string]string{"?after=x": `\"x\" is no id`, "?bad=1": "no such thing"} {
		res := ask(query, "")
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || !strings.Contains(string(body), want) || res.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s", query, body)
		}
	}
	res := ask("", "")
	cancel() // the server leaves
	if err := <-ran; err != nil {
		t.Error(err)
	}
	_, _ = io.Copy(io.Discard, res.Body)
	_ = res.Body.Close()
}
