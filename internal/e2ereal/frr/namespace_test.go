//go:build real

package frr

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const (
	insideVar = "E2EREAL_INSIDE" // path of the binary, in the namespaces of a test
	holderVar = "E2EREAL_HOLDER" // name, in the namespaces of a node
)

func TestMain(m *testing.M) {
	if name := os.Getenv(holderVar); name != "" {
		if err := hold(name); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// inside runs the test in namespaces of its own, and returns the path of the tenter binary there; outside it returns
// false when the test is done.
func inside(t *testing.T, longest time.Duration) (tenter string, ok bool) {
	t.Helper()
	if tenter := os.Getenv(insideVar); tenter != "" {
		for _, m := range [][4]string{{"", "/", "", ""}, {"proc", "/proc", "proc", ""}} {
			flags := uintptr(0)
			if m[2] == "" {
				flags = syscall.MS_REC | syscall.MS_PRIVATE
			}
			if err := syscall.Mount(m[0], m[1], m[2], flags, ""); err != nil {
				t.Fatalf("mount %s: %v", m[1], err)
			}
		}
		run(t, "ip", "link", "set", "lo", "up")
		return tenter, true
	}
	if os.Getuid() != 0 {
		t.Fatal("namespaces need root: run make e2e-real as root")
	}
	before := run(t, "ip", "-o", "link")
	bin := filepath.Join(t.TempDir(), "tenter")
	build := exec.Command("go", "build", "-o", bin, "../../../cmd/tenter")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	cmd := exec.CommandContext(ctx, "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout="+longest.String())
	cmd.Env = append(os.Environ(), insideVar+"="+bin)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC,
		Pdeathsig:  syscall.SIGKILL,
	}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	if after := run(t, "ip", "-o", "link"); after != before {
		t.Errorf("the host's interfaces changed:\n%s\nbefore:\n%s", after, before)
	}
	if err != nil {
		t.Fatalf("inside the namespaces: %v", err)
	}
	return "", false
}

// A node is a network namespace with a name, files and a host of its own.
type node struct {
	t    *testing.T
	name string
	pid  int
}

// newNode makes a node, which is there until the test ends.
func newNode(t *testing.T, name string) *node {
	t.Helper()
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), holderVar+"="+name)
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: syscall.CLONE_NEWNET | syscall.CLONE_NEWNS | syscall.CLONE_NEWUTS, Pdeathsig: syscall.SIGKILL,
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		_ = cmd.Wait() // it ends with its input
	})
	if _, err := io.ReadFull(out, make([]byte, 1)); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	n := &node{t: t, name: name, pid: cmd.Process.Pid}
	n.run("ip", "link", "set", "lo", "up")
	return n
}

// hold makes a node's namespaces its own and keeps them until the test lets go.
func hold(name string) error {
	if err := syscall.Sethostname([]byte(name)); err != nil {
		return err
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return err
	}
	for _, dir := range []string{"/run", "/var/tmp"} {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0755"); err != nil {
			return fmt.Errorf("%s: %w", dir, err)
		}
	}
	if _, err := os.Stdout.Write([]byte{'.'}); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

func (n *node) args(args []string) []string {
	return append([]string{"-t", strconv.Itoa(n.pid), "-n", "-m", "-u", "--"}, args...)
}

// run runs a command on the node and returns what it prints.
func (n *node) run(args ...string) string {
	n.t.Helper()
	return run(n.t, "nsenter", n.args(args)...)
}

// try is run, with what it prints and whether it failed.
func (n *node) try(args ...string) (string, error) {
	out, err := exec.Command("nsenter", n.args(args)...).CombinedOutput()
	return string(out), err
}

// start starts a command on the node that goes on until kill or the test's end.
func (n *node) start(args ...string) *process {
	n.t.Helper()
	return start(n.t, n.name+" "+filepath.Base(args[0]), "nsenter", n.args(args)...)
}

// A process runs beside the test.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *tail
	done chan struct{}
}

func start(t *testing.T, name, program string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(program, args...), log: &tail{}, done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is in its log
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said:\n%s", name, p.log)
		}
	})
	return p
}

// kill ends the process at once.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended by itself
	<-p.done
}

// run runs a command and returns what it prints.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	out, err := exec.Command(program, args...).CombinedOutput()
	if err != nil {
		var missing *exec.Error
		if errors.As(err, &missing) {
			t.Fatalf("%v: make e2e-real says which packages it needs", err)
		}
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// until polls until the check says nothing more is missing.
func until(t *testing.T, longest time.Duration, check func() (missing string)) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), longest)
	defer cancel()
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for {
		missing := check()
		if missing == "" {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("after %s: %s", longest, missing)
		}
	}
}
