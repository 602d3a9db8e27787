package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// labVerb runs the simulated fabric of a topology file as a process of its own, in the directory sim, and returns when its
// devices answer; $TENTER_CONFIG then reaches them.
//
//	lab start [--fault LINE]... [TOPOLOGY]
func labVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || args[0] != "start" {
		ts.Fatalf("usage: lab start [--fault LINE]... [TOPOLOGY]")
	}
	line := append([]string{"sim", "--dir", "sim"}, args[1:]...)
	if len(args) == 1 || strings.HasPrefix(args[len(args)-2], "--") {
		found, err := filepath.Glob(ts.MkAbs("lab/*.clab.yml"))
		ts.Check(err)
		if example := ts.MkAbs("lab/evpn.clab.yml"); slices.Contains(found, example) {
			found = []string{example}
		}
		line = append(line, found...)
	}
	cmd := exec.Command(lookup(ts, "tenter"), line...)
	cmd.Dir = ts.MkAbs(".")
	for _, e := range environ(ts) {
		if !strings.HasPrefix(e, "TENTER_") { // the settings file is what it will write
			cmd.Env = append(cmd.Env, e)
		}
	}
	log, err := os.Create(ts.MkAbs("sim.log"))
	ts.Check(err)
	defer log.Close()
	cmd.Stderr = log
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err == nil {
			_ = cmd.Wait() // it was told to end
		}
	})
	in := bufio.NewScanner(out)
	for in.Scan() { // the table of devices comes when they listen
		if strings.HasPrefix(in.Text(), "spine") {
			return
		}
	}
	said, _ := os.ReadFile(ts.MkAbs("sim.log"))
	ts.Fatalf("lab: %v\n%s", in.Err(), said)
}
