package e2e

import (
	"errors"
	"os/exec"
	"regexp"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"
)

// captureVerb puts what a group of a pattern matches in the last command's output into a variable.
//
//	capture PLAN '^([0-9a-f]{12}) +open'
func captureVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME PATTERN")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	out := ts.ReadFile("stdout")
	found := pattern.FindStringSubmatch(out)
	if len(found) != 2 {
		ts.Fatalf("capture %s: not one group of %q in:\n%s", args[0], args[1], out)
	}
	ts.Setenv(args[0], found[1])
}

// exitsVerb runs a command and fails unless it ends with the exit code.
//
//	exits 3 tenter apply --yes
func exitsVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	code := 0
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit %d, not %d", code, want)
	}
}
