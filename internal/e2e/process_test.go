package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// verb puts one of the fabrics of testdata in the place of the example: its intents and its lab.
//
//	fabric small
func (f fabrics) verb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: fabric NAME")
	}
	for _, dir := range []string{"intents", "lab"} {
		ts.Check(os.RemoveAll(ts.MkAbs(dir)))
		ts.Check(os.CopyFS(ts.MkAbs(dir), os.DirFS(filepath.Join(f.named, args[0], dir))))
	}
}

var holder = regexp.MustCompile(`process (\d+)`)

// endVerb signals the tenter process that holds a state directory and fails unless it is gone in time. How it ended is
// for wait to tell.
//
//	end TERM 5s sim/state
func endVerb(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "KILL": syscall.SIGKILL}
	if neg || len(args) != 3 || signals[args[0]] == 0 {
		ts.Fatalf("usage: end HUP|INT|TERM|KILL DURATION STATE-DIR")
	}
	limit, err := time.ParseDuration(args[1])
	ts.Check(err)
	note, err := os.ReadFile(filepath.Join(ts.MkAbs(args[2]), "lock"))
	ts.Check(err)
	found := holder.FindSubmatch(note)
	if found == nil {
		ts.Fatalf("end: no process in %q", note)
	}
	pid, err := strconv.Atoi(string(found[1]))
	ts.Check(err)
	ts.Check(syscall.Kill(pid, signals[args[0]]))
	for deadline := time.Now().Add(limit); !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH); {
		if time.Now().After(deadline) {
			ts.Fatalf("end: process %d is still there %s after %s", pid, limit, args[0])
		}
		time.Sleep(5 * time.Millisecond) // the pause between two looks, not a wait for an outcome
	}
}
