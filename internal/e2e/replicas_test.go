package e2e

import (
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// signalVerb signals the tenter process that holds a state directory, and does not wait for anything.
//
//	signal STOP replica1
func signalVerb(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT, "KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM}
	if neg || len(args) != 2 || signals[args[0]] == 0 {
		ts.Fatalf("usage: signal STOP|CONT|KILL|TERM STATE-DIR")
	}
	note, err := os.ReadFile(filepath.Join(ts.MkAbs(args[1]), "lock"))
	ts.Check(err)
	found := holder.FindSubmatch(note)
	if found == nil {
		ts.Fatalf("signal: no process in %q", note)
	}
	pid, err := strconv.Atoi(string(found[1]))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, signals[args[0]]))
	if args[0] == "STOP" { // else the end of the script would wait for it
		ts.Defer(func() { _ = syscall.Kill(pid, syscall.SIGCONT) })
	}
}
