package e2e

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// root is the repository, from where tests of this package run.
const root = "../.."

// setup gives every script the example intents and lab, and a home of its own.
func (f fabrics) setup(env *testscript.Env) error {
	for _, dir := range []string{"intents", "lab"} {
		if err := os.CopyFS(filepath.Join(env.WorkDir, dir), os.DirFS(filepath.Join(f.root, dir))); err != nil {
			return fmt.Errorf("copy %s: %w", dir, err)
		}
	}
	env.Setenv("NO_COLOR", "1")
	env.Setenv("GORACE", "atexit_sleep_ms=10")      // else every process built with -race ends a second late
	env.Setenv("TENTER_MONITOR_SYNC_TIMEOUT", "1m") // a simulator on a busy machine is slow to tell all, and not mute
	env.Setenv("TENTER_CONFIG", filepath.Join(env.WorkDir, "sim", "tenter.yaml"))
	env.Values[key("traces")] = &traces{}
	env.Values[key("redis")] = &redisState{}
	env.Values[key("receiver")] = &receiver{file: filepath.Join(env.WorkDir, "received.txt")}
	return nil
}

type key string

// until runs a command again and again until its output matches, or fails the script with the last output.
//
//	until 20s stdout 'leaf1 +in-sync' tenter device ls
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: until DURATION stdout|stderr PATTERN COMMAND...")
	}
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	pattern, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	for deadline := time.Now().Add(limit); ; {
		var stdout, stderr bytes.Buffer
		cmd := exec.Command(lookup(ts, args[3]), args[4:]...)
		cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		runErr := cmd.Run()
		out := &stdout
		if args[1] == "stderr" {
			out = &stderr
		}
		if pattern.Match(out.Bytes()) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("not within %s: %q in %s of %q (%v)\nstdout:\n%s\nstderr:\n%s", limit, args[2], args[1], args[3:], runErr, &stdout, &stderr)
		}
		time.Sleep(50 * time.Millisecond) // the pause between two looks, not a wait for an outcome
	}
}

func lookup(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(file); err == nil && info.Mode()&0o111 != 0 {
			return file
		}
	}
	ts.Fatalf("%s: not in PATH", name)
	return ""
}

func environ(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{
		"PATH", "HOME", "TMPDIR", "WORK", "NO_COLOR", "GORACE", "TENTER_CONFIG", "TENTER_BUS_REDIS", "TENTER_STATE_DIR", "TENTER_STORE_DSN", "RECEIVER_URL",
		"TENTER_SERVER", "TENTER_SERVER_CA", "TENTER_TOKEN", "TENTER_TOKEN_FILE",
	} {
		if v := ts.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// absent fails when any of the files below the given paths holds the word.
//
//	absent s3cr3t state redis.dump serve.log
func absent(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: absent WORD PATH...")
	}
	looked := 0
	for _, name := range args[1:] {
		ts.Check(filepath.WalkDir(ts.MkAbs(name), func(file string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			looked += len(data)
			if bytes.Contains(data, []byte(args[0])) {
				return fmt.Errorf("%s holds %q", file, args[0])
			}
			return nil
		}))
	}
	if looked == 0 {
		ts.Fatalf("absent: nothing to look through in %q", args[1:])
	}
}
