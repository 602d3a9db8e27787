package faults

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
)

// A site is a small simulated fabric, a process of its own, with Tenter's own processes that serve it: the program as its
// users have it.
type site struct {
	*testing.T
	dir string
	env []string
	row *row
	at  store.Options
}

func newSite(t *testing.T, r *row) *site {
	t.Helper()
	s := &site{T: t, dir: tempDir(t), row: r}
	for _, part := range []string{"intents", "lab"} {
		if err := os.CopyFS(filepath.Join(s.dir, part), os.DirFS(filepath.Join("..", "e2e", "testdata", "small", part))); err != nil {
			t.Fatal(err)
		}
	}
	s.at = store.Options{Dir: filepath.Join(s.dir, "sim", "state"), Existing: true}
	s.env = []string{"NO_COLOR=1", "GORACE=atexit_sleep_ms=10"}
	lab := s.spawn("lab", "sim", "--dir", "sim", "lab/small.clab.yml")
	lab.until(`^spine1 `)
	s.env = append(s.env, "TENTER_CONFIG="+filepath.Join(s.dir, "sim", "tenter.yaml"))
	return s
}

// share puts the store where several processes have it, each with a state directory of its own. It is PostgreSQL: who shares a
// file and is stopped while he writes to it keeps the others waiting for as long as he is.
func (s *site) share() {
	s.Helper()
	db, err := pgtest.Start(pgtest.Options{})
	s.must(err)
	s.Cleanup(whatever(db.Remove))
	s.must(db.Exec("postgres", "CREATE DATABASE faults"))
	s.env = append(s.env, "TENTER_STORE_DSN="+db.URL("faults"))
	s.at = store.Options{DSN: db.URL("faults")}
}

// A program is one running tenter.
type program struct {
	*exec.Cmd
	s      *site
	name   string
	worker string // as the store knows it
	lines  chan string
	gone   chan struct{}
}

func (s *site) command(args ...string) *exec.Cmd {
	cmd := exec.Command(self(s), args...)
	cmd.Dir = s.dir
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "TENTER_") {
			cmd.Env = append(cmd.Env, e)
		}
	}
	cmd.Env = append(append(cmd.Env, tenterEnv+"=1"), s.env...)
	return cmd
}

// spawn starts a tenter that runs on; it logs to NAME.log.
func (s *site) spawn(name string, args ...string) *program {
	s.Helper()
	p := &program{Cmd: s.command(args...), s: s, name: name, lines: make(chan string, 10_000), gone: make(chan struct{})}
	out, err := p.StdoutPipe()
	s.must(err)
	spawn(s, p.Cmd, s.log(name))
	go func() {
		for in := bufio.NewScanner(out); in.Scan(); {
			p.lines <- in.Text()
		}
		_ = p.Wait() // killed, most of the time
		close(p.gone)
	}()
	s.Cleanup(whatever(p.kill))
	return p
}

// run starts a server with a state directory of its name, or with that of the fabric's settings when the store is not shared.
func (s *site) run(name string, args ...string) *program {
	s.Helper()
	args = append([]string{"serve"}, args...)
	if s.at.DSN != "" {
		args = append(args, "--state-dir", filepath.Join(s.dir, name))
	}
	p := s.spawn(name, args...)
	s.until(name+" serves", func() bool { return strings.Contains(s.tail(name), "serving ") })
	return p
}

// serve is run for a server that takes devices; it returns when the others know of it.
func (s *site) serve(name string, args ...string) *program {
	s.Helper()
	before := len(s.events(event.TypeWorkerJoined))
	p := s.run(name, args...)
	s.until(name+" has joined", func() bool {
		joined := s.events(event.TypeWorkerJoined)
		if len(joined) == before {
			return false
		}
		d, err := event.Decode[event.Worker](joined[len(joined)-1])
		s.must(err)
		p.worker = d.Worker
		return true
	})
	return p
}

func (p *program) kill() { _ = p.Process.Kill(); <-p.gone }

func (p *program) signal(sig syscall.Signal) { _ = p.Process.Signal(sig) } // one that is gone needs none

func (p *program) until(pattern string) {
	p.s.Helper()
	re := regexp.MustCompile(pattern)
	for deadline := time.After(patience); ; {
		select {
		case line := <-p.lines:
			if re.MatchString(line) {
				return
			}
		case <-p.gone:
			p.s.Fatalf("%s ended:\n%s", p.name, p.s.tail(p.name))
		case <-deadline:
			p.s.Fatalf("%s does not say %q:\n%s", p.name, pattern, p.s.tail(p.name))
		}
	}
}

func (s *site) log(name string) string { return filepath.Join(s.dir, name+".log") }

func (s *site) tail(name string) string {
	b, err := os.ReadFile(s.log(name))
	if err != nil {
		return err.Error()
	}
	return string(b[max(0, len(b)-3000):])
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// ask runs one command and returns what it printed, also when it failed.
func (s *site) ask(args ...string) (string, error) {
	cmd := s.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return out.String(), err
}

// do runs one command that must succeed.
func (s *site) do(args ...string) string {
	s.Helper()
	out, err := s.ask(args...)
	if err != nil {
		s.Fatalf("tenter %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// control makes a device misbehave.
func (s *site) control(words ...string) {
	s.Helper()
	s.do(append([]string{"sim", "--dir", "sim", "control"}, words...)...)
}

// until waits for the condition.
func (s *site) until(what string, cond func() bool) {
	s.Helper()
	for deadline := time.Now().Add(2 * patience); !cond(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			logs, _ := filepath.Glob(filepath.Join(s.dir, "*.log"))
			var all strings.Builder
			for _, name := range logs {
				fmt.Fprintf(&all, "--- %s\n%s\n", filepath.Base(name), s.tail(strings.TrimSuffix(filepath.Base(name), ".log")))
			}
			s.Fatalf("not within %v: %s\n%s", 2*patience, what, &all)
		}
	}
}

// says waits until the command prints what the pattern matches.
func (s *site) says(pattern string, args ...string) {
	s.Helper()
	re := regexp.MustCompile("(?m)" + pattern)
	s.until(fmt.Sprintf("%q of tenter %s", pattern, strings.Join(args, " ")), func() bool {
		out, _ := s.ask(args...)
		return re.MatchString(out)
	})
}

// events reads the log; it has none while there is no store.
func (s *site) events(types ...event.Type) (all []event.Event) {
	s.Helper()
	db, err := store.Open(context.Background(), s.at)
	if err != nil {
		return nil
	}
	defer db.Close()
	for after := event.Seq(0); ; {
		page, err := db.Events(context.Background(), event.Query{After: after, Types: types, Limit: 5000})
		s.must(err)
		if len(page) == 0 {
			return all
		}
		all = append(all, page...)
		after = page[len(page)-1].Seq
	}
}

// holder is the worker that may write to the device now; empty when none may.
func (s *site) holder(device string) string {
	s.Helper()
	db, err := store.Open(context.Background(), s.at)
	s.must(err)
	defer db.Close()
	claims, err := db.Claims(context.Background(), "device/"+device)
	s.must(err)
	for _, c := range claims {
		if c.Live {
			return c.Holder
		}
	}
	return ""
}

// sets is how often the device was written to so far, as the fabric logged it, without saving.
func (s *site) sets(device string) int {
	s.Helper()
	b, err := os.ReadFile(s.log("lab"))
	s.must(err)
	return len(regexp.MustCompile(`(?m)^.*\b`+device+`\b.*\bset\b.*"save": false`).FindAll(b, -1))
}

// want writes an intent that gives the devices' loopbacks a description.
func (s *site) want(name, selector, description string) {
	s.Helper()
	text := fmt.Sprintf("apiVersion: tenter/v1\nkind: Config\nmetadata: {name: %s}\nspec:\n  devices: %s\n  dialect: openconfig\n  priority: 10\n  leaves:\n"+
		"    - {path: \"/interfaces/interface[name=Loopback0]/config/description\", value: %s}\n", name, selector, description)
	s.must(os.WriteFile(filepath.Join(s.dir, "intents", name+".yaml"), []byte(text), 0o600))
}

// has reports whether the device has the description now.
func (s *site) has(device, description string) bool {
	out, err := s.ask("sim", "--dir", "sim", "hand", device, "get", "/interfaces/interface[name=Loopback0]/config")
	return err == nil && strings.Contains(out, description)
}

// finish proves the log and counts what the devices and the log have.
func (s *site) finish() {
	s.Helper()
	db, err := store.Open(context.Background(), s.at)
	s.must(err)
	defer db.Close()
	if _, err := db.VerifyLog(context.Background()); err != nil {
		s.Errorf("the log is not whole: %v", err)
	}
	rows, err := db.DeadDeliveries(context.Background())
	s.must(err)
	s.row.Events, s.row.Dead = len(s.events()), len(rows)
	if len(rows) != s.row.intended {
		s.Errorf("dead letters: %+v", rows)
	}
}
