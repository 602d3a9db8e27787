package e2e

import (
	"errors"
	"os"
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

// editVerb replaces what a pattern matches in a file, and fails if that is nothing.
//
//	edit sim/tenter.yaml 'ca_file: .*' 'ca_file: other.pem}'
func editVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: edit FILE PATTERN REPLACEMENT")
	}
	pattern, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	text := ts.ReadFile(args[0])
	if !pattern.MatchString(text) {
		ts.Fatalf("edit: %q is not in %s:\n%s", args[1], args[0], text)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(pattern.ReplaceAllString(text, args[2])), 0o600))
}
