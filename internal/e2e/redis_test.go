package e2e

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/tenter-net/tenter/internal/loopback"
)

// redisState is the redis-server of one script.
type redisState struct {
	cmd  *exec.Cmd
	port string
}

// redisVerb drives a real redis-server: start names it in $TENTER_BUS_REDIS; a second start comes back on the same
// port with what its append-only file has kept.
func redisVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: redis start|kill|cli ARG...")
	}
	r, ok := ts.Value(key("redis")).(*redisState)
	if !ok {
		ts.Fatalf("redis: no setup")
	}
	switch args[0] {
	case "start":
		ts.Check(r.start(ts.MkAbs("redis")))
		ts.Defer(func() { r.kill() })
		ts.Setenv("TENTER_BUS_REDIS", fmt.Sprintf("redis://127.0.0.1:%s/0", r.port))
	case "kill":
		r.kill()
	case "cli":
		out, err := exec.Command("redis-cli", append([]string{"-p", r.port}, args[1:]...)...).CombinedOutput()
		if err != nil {
			ts.Fatalf("redis-cli: %v\n%s", err, out)
		}
		ts.Check(os.WriteFile(ts.MkAbs("redis.out"), out, 0o600))
	default:
		ts.Fatalf("redis %s: no such verb", args[0])
	}
}

func (r *redisState) start(dir string) error {
	if r.port == "" {
		addr, err := loopback.Free()
		if err != nil {
			return err
		}
		if _, r.port, err = net.SplitHostPort(addr); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	r.cmd = exec.Command("redis-server", "--port", r.port, "--bind", "127.0.0.1", "--dir", dir,
		"--appendonly", "yes", "--appendfsync", "always", "--save", "", "--daemonize", "no")
	if err := r.cmd.Start(); err != nil {
		return fmt.Errorf("redis-server (install it: make servers): %w", err)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if exec.Command("redis-cli", "-p", r.port, "ping").Run() == nil {
			return nil
		}
	}
	return fmt.Errorf("redis-server does not answer on port %s", r.port)
}

// kill ends the server without a chance to save, as a power cut would.
func (r *redisState) kill() {
	if r.cmd == nil || r.cmd.Process == nil {
		return
	}
	if err := r.cmd.Process.Signal(syscall.SIGKILL); err == nil {
		_ = r.cmd.Wait() // it always ends with "signal: killed"
	}
	r.cmd = nil
}
