package faults

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/cli"
)

var (
	full   = flag.Bool("full", false, "all faults, at full length; without it the short form")
	output = flag.String("o", "", "file for the table as Markdown, relative to the repository")
)

const (
	jobEnv    = "FAULTS_JOB"       // what a worker process is to do, as JSON
	tenterEnv = "FAULTS_AS_TENTER" // the process is to be the tenter program
)

// diskEnv names the file for the outcome of the one fault that has a small disk for itself.
const diskEnv = "FAULTS_DISK"

// TestMain runs the tests, or in a process that a test has started, a worker or the tenter program.
func TestMain(m *testing.M) {
	if text := os.Getenv(jobEnv); text != "" {
		var j job
		if err := json.Unmarshal([]byte(text), &j); err != nil {
			panic(err)
		}
		os.Exit(j.run())
	}
	if os.Getenv(tenterEnv) != "" {
		os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	flag.Parse()
	if !*full { // most faults wait, most of the time
		if err := flag.Set("test.parallel", "4"); err != nil {
			panic(err)
		}
	}
	goleak.VerifyTestMain(tests{m}, goleak.IgnoreTopFunction("github.com/golang/glog.(*fileSink).flushDaemon"),
		goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run")) // one may be left when its link breaks
}

// tests are all tests, which an interrupt ends in order.
type tests struct{ *testing.M }

func (t tests) Run() int {
	defer interruptible()()
	return t.M.Run()
}

// undo is what must be undone whatever ends the tests: processes, files.
var undo struct {
	sync.Mutex
	next int
	fns  map[int]func()
}

// whatever registers fn to be called once: by the function returned, or when the tests are interrupted.
func whatever(fn func()) func() {
	undo.Lock()
	defer undo.Unlock()
	if undo.fns == nil {
		undo.fns = map[int]func(){}
	}
	n := undo.next
	undo.next++
	undo.fns[n] = fn
	return func() {
		undo.Lock()
		_, there := undo.fns[n]
		delete(undo.fns, n)
		undo.Unlock()
		if there {
			fn()
		}
	}
}

// interruptible makes Ctrl-C end what the tests have started before it ends them, until the function returned is called.
func interruptible() (stop func()) {
	c := make(chan os.Signal, 1)
	quit, ended := make(chan struct{}), make(chan struct{})
	signal.Notify(c, os.Interrupt, syscall.SIGTERM)
	go func() {
		defer close(ended)
		select {
		case <-c:
		case <-quit:
			return
		}
		fmt.Fprintln(os.Stderr, "interrupted: ending what was started")
		undo.Lock() // for good: nothing is started any more
		for n := undo.next - 1; n >= 0; n-- {
			if fn, ok := undo.fns[n]; ok {
				fn()
			}
		}
		os.Exit(130)
	}()
	return func() { signal.Stop(c); close(quit); <-ended }
}

// tempDir makes a directory that goes with the test or with an interrupt. t.TempDir would stay after an interrupt.
func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tenter-faults-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(whatever(func() { _ = os.RemoveAll(dir) })) // what is left is in the system's directory for that
	return dir
}

// spawn starts this binary as another process that dies with it. Its errors go to the file.
func spawn(t testing.TB, cmd *exec.Cmd, log string) {
	t.Helper()
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd.Stderr = f
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	dieWithUs(cmd.SysProcAttr)
	cmd.SysProcAttr.Setpgid = true // so that Ctrl-C is for the tests to handle
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
}

// self is this binary.
func self(t testing.TB) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Clean(exe)
}
