package api_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tenter-net/tenter/internal/api"
)

// A server answers one operation, and a client of the same user calls it.
func Example() {
	dir, err := os.MkdirTemp("", "api")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "api.sock")
	s := api.NewServer(options())
	api.Register(s, "greet", func(_ context.Context, who api.Caller, a ask) (answer, error) {
		return answer{Text: fmt.Sprintf("%s is well, asker %t", a.Device, who.UID == uint32(os.Getuid()))}, nil
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	done := make(chan error)
	go func() { done <- s.Run(ctx, socket, nil) }()

	c := api.NewClient(socket)
	for !c.Alive(ctx) && ctx.Err() == nil { // until it listens
	}
	got, err := api.Call[answer](ctx, c, "greet", ask{Device: "leaf1"})
	fmt.Println(got.Text, err)
	_, err = api.Call[answer](ctx, c, "greet", "leaf1")
	fmt.Println(err != nil)

	cancel()
	fmt.Println(<-done)
	// Output:
	// leaf1 is well, asker true <nil>
	// true
	// <nil>
}
