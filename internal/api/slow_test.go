package api_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/api"
)

// Whoever promises a body and sends none keeps no connection, whether they may do anything or not; what is done for a
// request that came whole may take longer.
func TestBodyThatDoesNotCome(t *testing.T) {
	const patience = 200 * time.Millisecond
	o := options()
	o.May = func(operation string, _ api.Caller) error {
		if operation == "forbidden" {
			return errors.New("you may not")
		}
		return nil
	}
	s := api.NewServer(o)
	s.Patience(patience)
	do := func(ctx context.Context, _ api.Caller, _ ask) (answer, error) {
		select {
		case <-time.After(2 * patience):
			return answer{"done"}, nil
		case <-ctx.Done():
			return answer{}, ctx.Err()
		}
	}
	for _, name := range []string{"allowed", "forbidden"} {
		api.Register(s, name, do)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done, socket := make(chan error, 1), filepath.Join(t.TempDir(), "s")
	go func() { done <- s.Run(ctx, socket, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c := api.NewClient(socket)
	for deadline := time.Now().Add(time.Minute); !c.Alive(ctx); {
		if time.Now().After(deadline) {
			t.Fatal("it does not listen")
		}
	}
	for name, status := range map[string]int{"allowed": http.StatusBadRequest, "forbidden": http.StatusForbidden} {
		conn, err := net.Dial("unix", socket)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // far less than a minute, which was no end
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, "POST /api/v1/"+name+" HTTP/1.1\r\nHost: tenter\r\nContent-Length: 100\r\n\r\n{"); err != nil {
			t.Fatal(err)
		}
		reader := bufio.NewReader(conn)
		r, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := io.Copy(io.Discard, r.Body); err != nil || r.StatusCode != status {
			t.Errorf("%s: %s, %v", name, r.Status, err)
		}
		if _, err := reader.ReadByte(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: the connection is still there: %v", name, err)
		}
	}
	if got, err := api.Call[answer](ctx, c, "allowed", ask{}); err != nil || got.Text != "done" {
		t.Errorf("%+v, %v", got, err)
	}
}
