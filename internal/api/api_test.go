package api_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/api"
	"github.com/tenter-net/tenter/internal/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type ask struct {
	Device string `json:"device"`
}

type answer struct {
	Text string `json:"text"`
}

var errHeld = errors.New("device \"leaf1\": held")

// options let every user of this machine do everything.
func options() api.Options {
	return api.Options{
		Log: zap.NewNop(), Code: func(error) string { return "denied" }, May: func(string, api.Caller) error { return nil },
		Peer: func(uid uint32) (api.Caller, error) {
			return api.Caller{UID: uid, Who: policy.Who{Name: api.UserName(uid), Role: policy.Admin}}, nil
		},
	}
}

// serve runs a server with one operation and returns its client; both end with the test.
func serve(t *testing.T) *api.Client {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "api.sock")
	s := api.NewServer(options())
	api.Register(s, "plan", func(_ context.Context, who api.Caller, a ask) (answer, error) {
		if a.Device == "leaf1" {
			return answer{}, errHeld
		}
		return answer{Text: who.Name + " asks for " + a.Device}, nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx, socket, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	c := api.NewClient(socket)
	for deadline := time.Now().Add(time.Minute); !c.Alive(t.Context()); {
		if time.Now().After(deadline) {
			t.Fatal("the server does not listen")
		}
	}
	return c
}

func TestCall(t *testing.T) {
	c := serve(t)
	got, err := api.Call[answer](t.Context(), c, "plan", ask{Device: "leaf2"})
	if err != nil {
		t.Fatal(err)
	}
	want := answer{Text: api.UserName(uint32(os.Getuid())) + " asks for leaf2"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestProblems(t *testing.T) {
	c := serve(t)
	tests := []struct {
		name string
		op   string
		req  any
		want string
	}{
		{"an error keeps its text and code", "plan", ask{Device: "leaf1"}, "device \"leaf1\": held"},
		{"an unknown field is refused", "plan", map[string]string{"devise": "leaf1"}, `plan: json: unknown field "devise"`},
		{"an unknown operation", "plam", ask{}, "plam: the server answered 404 Not Found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := api.Call[answer](t.Context(), c, tt.op, tt.req)
			if err == nil || err.Error() != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestNoServer(t *testing.T) {
	c := api.NewClient(filepath.Join(t.TempDir(), "none.sock"))
	if _, err := api.Call[answer](t.Context(), c, "plan", ask{}); !errors.Is(err, api.ErrNoServer) {
		t.Errorf("got %v, want ErrNoServer", err)
	}
}
