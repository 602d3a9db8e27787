package property

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/sim/hand"
)

// The devices, by what the policies say of them.
const (
	enforced = "leaf1"
	proposed = "leaf2"
	observed = "leaf3"
	held     = "leaf4"
	spine    = "spine1"
)

var devices = []string{enforced, proposed, observed, held, spine}

// A world is a fabric with its intents, strangers and a server. What chance does is written down as it does it.
type world struct {
	*testing.T
	dir    string
	chance *rand.Rand
	lab    *app.Lab
	hands  map[string]*hand.Client
	server *exec.Cmd
	said   *os.File // by all servers
	intent services
	past   []string
	edits  map[edit]string // what strangers last set where nobody else writes, as JSON; empty for deleted
	spared bool            // the held device, by strangers
	asHeld map[string]any  // what it had when it was held
}

// An edit is where a stranger has set something that is to stay.
type edit struct{ device, path string }

func newWorld(t *testing.T, seed uint64) *world {
	w := &world{
		T: t, dir: t.TempDir(), chance: rand.New(rand.NewPCG(seed, 0)), hands: map[string]*hand.Client{},
		edits: map[edit]string{}, spared: seed%2 == 0, intent: firstServices(),
	}
	for _, dir := range []string{"intents", "sim"} {
		w.must(os.Mkdir(filepath.Join(w.dir, dir), 0o755))
	}
	topology, err := os.ReadFile(filepath.Join("testdata", "lab.clab.yml"))
	w.must(err)
	text, err := os.ReadFile(filepath.Join("testdata", "fabric.yaml"))
	w.must(err)
	w.must(os.WriteFile(filepath.Join(w.dir, "intents", "fabric.yaml"), text, 0o600))
	w.declare()
	w.startLab(topology)
	w.said, err = os.Create(filepath.Join(w.dir, "server.log"))
	w.must(err)
	t.Cleanup(func() { _ = w.said.Close() })
	w.tenter("device", "enroll", "--all")
	w.tenter("apply", "--yes")
	w.tenter("device", "hold", held, "--for", "24h", "--reason", "property")
	w.asHeld = w.config(held)
	w.serve()
	t.Cleanup(w.stop)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) startLab(topology []byte) {
	lab, err := app.NewLab(w.Context(), app.LabOptions{
		Data: topology, Dir: filepath.Join(w.dir, "sim"), Host: "127.0.0.1", Intents: filepath.Join(w.dir, "intents"), Log: zap.NewNop(),
	})
	w.must(err)
	w.lab = lab
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- lab.Run(ctx) }()
	w.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.Errorf("simulator: %v", err)
		}
	})
	access, err := app.ReadLab(filepath.Join(w.dir, "sim"))
	w.must(err)
	ca, err := os.ReadFile(access.CA)
	w.must(err)
	for _, name := range devices {
		c, err := hand.Dial(hand.Options{Address: access.Addresses[name], ServerName: name, CA: ca, Username: access.Username, Password: access.Password})
		w.must(err)
		w.Cleanup(func() { _ = c.Close() })
		w.hands[name] = c
	}
}

// command is tenter as a process of its own.
func (w *world) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), asTenter+"=1", "TENTER_CONFIG="+filepath.Join(w.dir, "sim", app.LabFile), "TENTER_APPLY_INTENT=auto")
	return cmd
}

// patience is for what takes a moment, also on a machine that is busy with other things.
const patience = 2 * time.Minute

// tenter runs a command to its end, which must be a good one, and returns what it printed.
func (w *world) tenter(args ...string) string {
	w.Helper()
	out, err := w.try(args...)
	if err != nil {
		w.Fatal(err)
	}
	return out
}

func (w *world) try(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := w.command(ctx, args...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("tenter %s: %w\n%s", strings.Join(args, " "), err, said.String())
	}
	return string(out), nil
}

// ask runs a command that answers in JSON.
func ask[T any](w *world, args ...string) (T, error) {
	var v T
	out, err := w.try(append(args, "--output", "json")...)
	if err == nil {
		err = json.Unmarshal([]byte(out), &v)
	}
	return v, err
}

func (w *world) serve() {
	w.server = w.command(context.Background(), "serve")
	w.server.Stderr = w.said
	w.must(w.server.Start())
}

// kill ends the server in the middle of whatever it does.
func (w *world) kill() {
	w.must(w.server.Process.Kill())
	_ = w.server.Wait() // it was killed
}

// stop ends the server as Ctrl-C does.
func (w *world) stop() {
	if err := w.server.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		w.Error(err)
	}
	_ = w.server.Wait()
	if w.Failed() {
		text, err := os.ReadFile(w.said.Name())
		w.Logf("what chance did:\n  %s\nthe server: %v\n%s", strings.Join(w.past, "\n  "), err, text)
	}
}

// note writes down what chance did.
func (w *world) note(format string, args ...any) {
	w.past = append(w.past, fmt.Sprintf(format, args...))
}

// control has the simulator do something.
func (w *world) control(line string) {
	w.Helper()
	if _, err := w.lab.Control(w.Context(), line); err != nil {
		w.Fatalf("%s: %v", line, err)
	}
}

// get reads a device with a stranger's eyes, as JSON; empty where there is nothing.
func (w *world) get(device, path string) (string, error) {
	ctx, cancel := context.WithTimeout(w.Context(), 2*time.Second)
	defer cancel()
	return w.hands[device].Get(ctx, path)
}

// config is all of a device's configuration, read until it answers: what there is without the containers of state.
func (w *world) config(device string) map[string]any {
	w.Helper()
	all := map[string]any{}
	for _, path := range []string{"/interfaces", "/network-instances", "/routing-policy", "/system"} {
		text, err := w.get(device, path)
		for deadline := time.Now().Add(patience); err != nil && time.Now().Before(deadline); {
			text, err = w.get(device, path)
		}
		w.must(err)
		var v any
		if text != "" {
			w.must(json.Unmarshal([]byte(text), &v))
		}
		all[path] = stateless(v)
	}
	return all
}

func stateless(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, child := range v {
			if local := name[strings.LastIndex(name, ":")+1:]; local == "state" {
				delete(v, name)
				continue
			}
			v[name] = stateless(child)
		}
	case []any:
		for i := range v {
			v[i] = stateless(v[i])
		}
	}
	return v
}
