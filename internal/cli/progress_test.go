package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/app"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

// recorded makes a sealed event of typed data.
func recorded(t *testing.T, typ event.Type, data any) event.Event {
	t.Helper()
	if err := (event.Draft{Type: typ, Data: data}).Check(); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return event.Event{Type: typ, Data: text, Envelope: []byte(`{"type":"` + string(typ) + `"}`)}
}

// aRun is the events of a run on three devices, of which one fails and is put back, among events of another run.
func aRun(t *testing.T) []event.Event {
	step := func(device intent.DeviceName, step, outcome, detail string) event.Event {
		return recorded(t, event.TypeStepCompleted, event.StepCompleted{Run: "run-1", Device: device, Step: step, Outcome: outcome, Detail: detail})
	}
	return []event.Event{
		recorded(t, event.TypeApplyStarted, event.ApplyStarted{Run: "run-0", Devices: []intent.DeviceName{"leaf9"}}),
		recorded(t, event.TypeApplyStarted, event.ApplyStarted{Run: "run-1", Plan: "1", Devices: []intent.DeviceName{"leaf1", "leaf2", "spine1"}}),
		step("leaf1", "check", "set", ""),
		step("leaf2", "check", "unreachable", "no route"),
		step("leaf1", "set", "verify", ""),
		step("spine1", "check", "set", ""),
		step("leaf1", "verify", "save", ""),
		step("leaf1", "save", "done", ""),
		step("spine1", "set", "verify", ""),
		step("spine1", "verify", "undo", "read back 1 of 2 leaves as planned"),
		step("spine1", "undo", "prove", ""),
		step("spine1", "prove", "failed", "read back 1 of 2 leaves as planned"),
		recorded(t, event.TypeApplyFailed, event.ApplyFailed{
			Run: "run-1", Plan: "1", Outcome: "failed", Error: "spine1: failed", Duration: 1500 * time.Millisecond,
			Devices: []event.RunDevice{
				{Device: "spine1", Outcome: "failed", Changes: 2, Detail: "read back 1 of 2 leaves as planned"},
				{Device: "leaf2", Outcome: "unreachable", Detail: "no route"},
				{Device: "leaf1", Outcome: "done", Changes: 2},
			},
		}),
	}
}

// watched feeds events to a progress until the run ends.
func watched(t *testing.T, p *progress, events []event.Event) error {
	t.Helper()
	for i, e := range events {
		stop, err := p.event(e)
		if err != nil {
			t.Fatal(err)
		}
		if stop != (i == len(events)-1) {
			t.Fatalf("event %d, %s: stop is %t", i, e.Type, stop)
		}
	}
	return p.finish()
}

func TestProgressAsLines(t *testing.T) {
	var out, errs bytes.Buffer
	err := watched(t, newProgress(Streams{Out: &out, Err: &errs}, "run-1", formatText), aRun(t))
	wantErr := `leaf1   checked, nothing moved
leaf2   unreachable: no route
leaf1   set
spine1  checked, nothing moved
leaf1   verified by read-back
leaf1   saved, done
spine1  set
spine1  not as planned, rolling back: read back 1 of 2 leaves as planned
spine1  rollback sent
spine1  failed: read back 1 of 2 leaves as planned
`
	if diff := cmp.Diff(wantErr, errs.String()); diff != "" {
		t.Error(diff)
	}
	wantOut := `DEVICE  OUTCOME      CHANGES  DETAIL
leaf1   done         2
leaf2   unreachable  0        no route
spine1  failed       2        read back 1 of 2 leaves as planned
run-1: failed in 1.5 s
`
	if diff := cmp.Diff(wantOut, out.String()); diff != "" {
		t.Error(diff)
	}
	var said bytes.Buffer
	if code := report(&said, "tenter apply", err); code != exitError {
		t.Errorf("exit %d", code)
	}
	if want := "error: run-1 failed: leaf2 unreachable, spine1 failed\nnext:  tenter run show run-1\n"; said.String() != want {
		t.Errorf("got %q, want %q", said.String(), want)
	}
}

var control = regexp.MustCompile(`\x1b\[(\d*)([A-Za-z])`)

// A terminal is what a terminal shows of what was written to it: lines, and the two sequences that progress uses.
func terminal(t *testing.T, written string) []string {
	t.Helper()
	lines := []string{""}
	row := 0
	for written != "" {
		at := control.FindStringSubmatchIndex(written)
		text := written
		if at != nil {
			text = written[:at[0]]
		}
		for _, r := range text {
			switch r {
			case '\n':
				if row++; row == len(lines) {
					lines = append(lines, "")
				}
			case '\r':
			default:
				lines[row] += string(r)
			}
		}
		if at == nil {
			break
		}
		switch n, verb := written[at[2]:at[3]], written[at[4]:at[5]]; verb {
		case "A":
			row -= int(n[0] - '0')
		case "J":
			lines = append(lines[:row], "")
		default:
			t.Fatalf("sequence %q", written[at[0]:at[1]])
		}
		written = written[at[1]:]
	}
	return lines
}

func TestProgressOnTerminal(t *testing.T) {
	var out, errs bytes.Buffer
	p := newProgress(Streams{Out: &out, Err: &errs}, "run-1", formatText)
	p.screen = screen{width: 30, height: 3}
	seen := [][]string{}
	events := aRun(t)
	for _, e := range events[:len(events)-1] {
		if _, err := p.event(e); err != nil {
			t.Fatal(err)
		}
		seen = append(seen, terminal(t, errs.String()))
	}
	for i, want := range map[int][]string{
		1: {"0/3 ok", ""},
		2: {"leaf1   setting …", "0/3 ok · 1 running", ""},
		3: {"leaf2   unreachable: no route", "leaf1   setting …", "0/3 ok · 1 failed · 1 running", ""},
		// Two devices run, and there is room for one beside the counts; what happens to the other is counted.
		6: {"leaf2   unreachable: no route", "leaf1   verified, saving …", "0/3 ok · 1 failed · 2 running", ""},
		9: {"leaf2   unreachable: no route", "spine1  rolling back …", "1/3 ok · 1 failed · 1 running", ""},
	} {
		if diff := cmp.Diff(want, seen[i]); diff != "" {
			t.Errorf("after event %d: %s", i, diff)
		}
	}
	if err := watched(t, p, events[len(events)-1:]); err == nil {
		t.Error("a failed run ended without an error")
	}
	want := []string{"leaf2   unreachable: no route", "spine1  failed: read back 1 of 2 leaves as planned", ""}
	if diff := cmp.Diff(want, terminal(t, errs.String())); diff != "" {
		t.Errorf("what stays on the terminal: %s", diff)
	}
}

// A run as JSON lines: one for each of its events, and the last says how it and the command ended.
func TestProgressAsJSON(t *testing.T) {
	var out, errs bytes.Buffer
	l := &lines{to: []*lineSink{{w: &out, what: "the output"}}}
	p := newProgress(Streams{Out: &out, Err: &errs}, "run-1", "")
	for _, e := range aRun(t) {
		if _, err := l.before("run-1", p.event)(e); err != nil {
			t.Fatal(err)
		}
	}
	err := p.finish()
	if err := l.end(p, true, err); err != nil {
		t.Fatal(err)
	}
	if err := l.fail(err); err == nil || errs.Len() > 0 {
		t.Errorf("%v, and beside the lines: %q", err, errs.String())
	}
	var types []string
	for text := range strings.Lines(out.String()) {
		var x line
		if err := json.Unmarshal([]byte(text), &x); err != nil {
			t.Fatal(err)
		}
		if x.FormatVersion != lineVersion || x.Run != "run-1" || x.Time.IsZero() {
			t.Errorf("%s", text)
		}
		if types = append(types, x.Type); x.Type == "end" && (x.ExitCode == nil || *x.ExitCode != exitError || len(x.Results) != 3 || !x.Partial) {
			t.Errorf("%s", text)
		}
	}
	if got := strings.Join(slices.Compact(types), " "); len(types) != 12 || got != "run step end" {
		t.Errorf("%d lines: %s", len(types), got)
	}
}

func TestHowRunsEnd(t *testing.T) {
	for _, tt := range []struct {
		name    string
		outcome string
		failure string
		devices []event.RunDevice
		want    int
	}{
		{"done", "done", "", []event.RunDevice{{Device: "leaf1", Outcome: "done"}}, exitDone},
		{"some are left", "partial", "", []event.RunDevice{{Device: "leaf1", Outcome: "done"}, {Device: "leaf2", Outcome: "unreachable"}}, exitPartial},
		{"one failed", "failed", "leaf1: failed", []event.RunDevice{{Device: "leaf1", Outcome: "failed"}}, exitError},
		{"some are refused", "partial", "", []event.RunDevice{{Device: "leaf1", Outcome: "done"}, {Device: "leaf2", Outcome: "refused"}}, exitPartial},
		{"all are refused", "failed", "leaf1: refused: read-only: not enrolled; next: tenter device enroll leaf1", []event.RunDevice{{Device: "leaf1", Outcome: "refused"}}, exitDenied},
		{"all moved since", "failed", "leaf1: stale", []event.RunDevice{{Device: "leaf1", Outcome: "stale"}}, exitStale},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			p := newProgress(Streams{Out: &out, Err: &errs}, "run-1", formatText)
			p.ended, p.failure = &event.ApplyCompleted{Run: "run-1", Outcome: tt.outcome, Devices: tt.devices}, tt.failure
			if code := report(&errs, "tenter apply", p.finish()); code != tt.want {
				t.Errorf("exit %d, want %d", code, tt.want)
			}
			if tt.want != exitDone && !strings.Contains(errs.String(), "tenter ") {
				t.Errorf("no way on in %q", errs.String())
			}
		})
	}
}

func TestReport(t *testing.T) {
	plain := errors.New("no")
	for _, tt := range []struct {
		name string
		err  error
		code int
		want string
	}{
		{"nothing", nil, exitDone, ""},
		{"said already", exit(exitChanges), exitChanges, ""},
		{"no better idea", plain, exitError, "error: no\nnext:  tenter x --help\n"},
		{"the hint", hint(plain, "tenter %s", "y"), exitError, "error: no\nnext:  tenter y\n"},
		{"stale", hint(&app.CodedError{Code: app.CodeStale, Err: plain}, "tenter plan"), exitStale, "error: no\nnext:  tenter plan\n"},
		{"denied", &app.CodedError{Code: app.CodeDenied, Err: plain}, exitDenied, "error: no\nnext:  tenter x --help\n"},
		{
			"locked", hint(&app.LockedError{Dir: "d", Holder: "serve, process 7, since now"}, "never this"), exitLocked,
			"error: state directory d is locked by tenter serve, process 7, since now\nnext:  wait until it ends, or use another directory: --state-dir DIR\n",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var b bytes.Buffer
			if code := report(&b, "tenter x", tt.err); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}
