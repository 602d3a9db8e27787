package cli

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
)

func TestNothingIsAnEmptyListInJSON(t *testing.T) {
	var b bytes.Buffer
	if err := printJSON(&b, []event.Event(nil)); err != nil || b.String() != "[]\n" {
		t.Errorf("%q, %v", b.String(), err)
	}
}

func TestTable(t *testing.T) {
	for _, tt := range []struct {
		name string
		rows [][]string
		want string
	}{
		{"an optional column without cells", [][]string{{"leaf1", "-", "ok"}, {"leaf2", "", "ok"}}, "DEVICE  STATE\nleaf1   ok\nleaf2   ok\n"},
		{"one cell is enough", [][]string{{"leaf1", "-", "ok"}, {"leaf2", "x", "ok"}}, "DEVICE  RUN  STATE\nleaf1   -    ok\nleaf2   x    ok\n"},
		{"a cell is one line", [][]string{{"leaf1", "", "not\n\tgood"}}, "DEVICE  STATE\nleaf1   not good\n"},
		{"no rows", nil, "DEVICE  STATE\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			table := newTable("DEVICE", "?RUN", "STATE")
			for _, r := range tt.rows {
				table.add(r...)
			}
			var b bytes.Buffer
			if err := table.print(&b); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, b.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestAge(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for d, want := range map[time.Duration]string{
		-time.Second: "0ms", 20 * time.Millisecond: "20ms", 59 * time.Second: "59s", 61 * time.Second: "1m", 3 * time.Hour: "3h",
		47 * time.Hour: "47h", 72 * time.Hour: "3d",
	} {
		if got := age(now, now.Add(-d)); got != want {
			t.Errorf("%s: %s, want %s", d, got, want)
		}
	}
	if got := age(now, time.Time{}); got != "-" {
		t.Errorf("no time: %s", got)
	}
}

func TestPaintPlan(t *testing.T) {
	text := "Plan 1: +1 ~1 -1\n\nleaf1  +1 ~1 -1\n  /interfaces\n    + a  1\n    ~ b  1 -> 2  ! high: cuts a link\n    - c  2\n"
	if got := (screen{width: 80}).paintPlan(text); got != text {
		t.Errorf("without colours: %q", got)
	}
	got := (screen{width: 80, colours: true}).paintPlan(text)
	for _, want := range []string{green + "    + a  1" + plain, yellow + "    ~ b  1 -> 2  ! high: cuts a link" + plain, red + "    - c  2" + plain, "\n  /interfaces\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	if back := strings.NewReplacer(green, "", yellow, "", red, "", bold, "", plain, "").Replace(got); back != text {
		t.Errorf("colours changed the text: %q", back)
	}
}

func TestCut(t *testing.T) {
	for _, tt := range []struct {
		width      int
		line, want string
	}{{0, "as long as it likes", "as long as it likes"}, {5, "short", "short"}, {5, "longer", "long…"}, {3, "äöüß", "äö…"}} {
		if got := (screen{width: tt.width}).cut(tt.line); got != tt.want {
			t.Errorf("%d: %q, want %q", tt.width, got, tt.want)
		}
	}
}

// A file is no terminal: nothing is painted into it.
func TestScreenOfFile(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if s := screenOf(f); s.live() || s.colours {
		t.Errorf("%+v", s)
	}
}

// Every type of the catalogue has a summary of one line that is not empty.
func TestSummary(t *testing.T) {
	const path = "/interfaces/interface[name=Ethernet1]/config/enabled"
	finding := event.Finding{Class: "changed", Path: path, Before: "true", After: "false"}
	for _, tt := range []struct {
		typ  event.Type
		data any
		want string
	}{
		{event.TypeIntentChanged, event.IntentChanged{Generation: "0123456789ab", Commit: "c0ffee00c0ffee", Files: 7}, "generation 01234567, commit c0ffee00, 7 files"},
		{event.TypeIntentValidated, event.IntentValidated{Generation: "0123456789ab", Subject: "add web", Devices: []intent.DeviceName{"leaf1"}}, `generation 01234567 is in force, "add web", may concern leaf1`},
		{event.TypeIntentRejected, event.IntentRejected{Diagnostics: []string{"a.yaml:1:2: error[T0001]: no", "more"}}, "2 mistakes: a.yaml:1:2: error[T0001]: no"},
		{event.TypeIntentRejected, event.IntentRejected{}, "0 mistakes"},
		{event.TypePlanGenerated, event.PlanGenerated{Plan: "p", Cause: "drift", NeedsApproval: true, Devices: []event.PlanDevice{{Device: "leaf1", Add: 1}, {Device: "leaf2", Add: 2, Delete: 1}}}, "plan p for drift: +3 ~0 -1 on leaf1,leaf2, waits for approval"},
		{event.TypePlanExpired, event.PlanExpired{Plan: "p", Reason: "too old"}, "plan p, too old"},
		{event.TypeApplyStarted, event.ApplyStarted{Run: "run-p", Cause: "drift", Devices: []intent.DeviceName{"leaf1"}}, "run-p for drift on leaf1"},
		{event.TypeStepCompleted, event.StepCompleted{Run: "run-p", Device: "leaf1", Step: "set", Outcome: "verify"}, "set"},
		{event.TypeStepCompleted, event.StepCompleted{Run: "run-p", Device: "leaf1", Step: "set", Outcome: "verify", Detail: "refused: no such leaf"}, "sent, reading what came of it: refused: no such leaf"},
		{event.TypeApplyCompleted, event.ApplyCompleted{Run: "run-p", Outcome: "partial", Duration: 2 * time.Second, Devices: []event.RunDevice{{Device: "leaf1", Outcome: "done", Changes: 1}, {Device: "leaf2", Outcome: "unreachable"}}}, "run-p partial, 1 change in 2s, leaf2 unreachable"},
		{event.TypeApplyFailed, event.ApplyFailed{Run: "run-p", Outcome: "failed", Error: "leaf1: no\nway"}, "run-p failed, 0 changes in 0s, leaf1: no way"},
		{event.TypeRolledBack, event.RolledBack{Run: "run-p", Device: "leaf1", Proven: true}, "run-p, put back, proven by reading"},
		{event.TypeApprovalRequested, event.Approval{Plan: "p", Reason: "drift"}, "plan p, drift"},
		{event.TypeDriftDetected, event.Drift{Episode: "e", Device: "leaf1", Findings: []event.Finding{finding}, Total: 3, Mode: "enforce"}, "changed " + path + " and 2 more, mode enforce"},
		{event.TypeDriftHeld, event.Drift{Episode: "e", Device: "leaf1", Reason: "twice in an hour", Findings: []event.Finding{finding}, Total: 1, Mode: "enforce"}, "twice in an hour, changed " + path + ", mode enforce"},
		{event.TypeDriftRemediated, event.DriftRemediated{Episode: "e", Device: "leaf1", By: "tenter", Run: "run-p", Duration: 420 * time.Millisecond, Findings: []event.Finding{finding}}, "by tenter after 420ms, run-p, changed " + path},
		{event.TypeDeviceDisconnected, event.Device{Device: "leaf1", Address: "192.0.2.1:9339", Reason: "gone"}, "192.0.2.1:9339, gone"},
		{event.TypeDeviceCapabilities, event.Device{Device: "leaf1", Address: "192.0.2.1:9339", GNMI: "0.10.0", Software: "1.0"}, "gNMI 0.10.0, software 1.0"},
		{event.TypeCommand, event.Command{Verb: "plan", Schedule: "nightly", Devices: []intent.DeviceName{"a", "b", "c", "d"}}, "plan a,b,c,+1, schedule nightly"},
		{event.TypeCommandAck, event.CommandAck{Verb: "pause", Run: "run-p", Outcome: "refused", Reason: "it has ended"}, "pause run-p refused, it has ended"},
		{event.TypeLeaderElected, event.Leader{Election: "bus/relay", Worker: "host-1", Previous: "host-2", Term: 3}, "bus/relay by host-1 after host-2, term 3"},
		{event.TypeNotificationFailed, event.Notification{Receiver: "noc", Key: "k", Error: "refused"}, "to noc, refused"},
		{event.TypeDeadLettered, event.DeadLettered{Group: "notify", Seq: 7, Type: "drift.detected", Reason: "no"}, "group notify, event 7 drift.detected, no"},
		{event.TypeDeadResolved, event.DeadResolved{Group: "notify", Seqs: []event.Seq{7, 9}, Action: "dropped", Reason: "gone"}, "group notify, dropped 2 events, gone"},
		{event.TypeBusDegraded, event.Bus{Reason: "refused", Failures: 2}, "refused"},
		{event.TypeWorkerJoined, event.Worker{Worker: "host-1", Roles: []string{"api", "loader"}}, "host-1, api loader"},
	} {
		if got := summary(recorded(t, tt.typ, tt.data)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.typ, got, tt.want)
		}
	}
	for _, typ := range append(event.Types(), "later.version") {
		for _, data := range []string{`{}`, `null`, `{"findings":"not a list","devices":7}`, ``} {
			if text := summary(event.Event{Type: typ, Data: []byte(data)}); strings.ContainsAny(text, "\n\t") {
				t.Errorf("%s of %q: %q", typ, data, text)
			}
		}
	}
}

func TestWrongUse(t *testing.T) {
	t.Setenv("TENTER_CONFIG", "")
	example, err := filepath.Abs("../../intents")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	if err := errors.Join(os.Mkdir("profiles", 0o700), os.WriteFile("profiles/x.yaml", []byte("limits: {timeout: 60}\n"), 0o600),
		os.WriteFile("mistaken.yaml", []byte("profiles: profiles\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ args, says, next string }{
		{"profile ls --config mistaken.yaml", "x.yaml:1:", "mend the files"},
		{"valdate", "did you mean validate?", "tenter validate"},
		{"nonsense", `no command "nonsense"`, "tenter --help"},
		{"device lst", "did you mean", "tenter device"},
		{"help nonsense", `no command "nonsense"`, "tenter --help"},
		{"completion zshh", "did you mean zsh?", "tenter completion zsh"},
		{"plan show", "0 arguments given; usage: tenter plan show ID|FILE", "tenter plan show --help"},
		{"plan --devcie leaf1", "unknown flag: --devcie", "tenter plan --help"},
		{"plan --output yaml", "the formats of tenter plan are text, json, markdown", "tenter plan --output text"},
		{"events tail --type drfit", `event type "drfit": there is none`, "tenter events tail --type drift"},
		{"device ls", "no store in .tenter", "tenter plan"},
		{"device ls --config nowhere.yaml", "nowhere.yaml", "--config FILE"},
		{"config explain log.levle", `did you mean "log.level"?`, "tenter config explain"},
		{"explain laef1 /interfaces --intents " + example, `device "laef1": the intents have no such device; did you mean "leaf1"?`, "tenter explain leaf1 '/interfaces'"},
		{"explain chassis /interfaces --intents " + example, `device "chassis": the intents have no such device`, "tenter device ls"},
		{"explain leaf1 /interfaxes --intents " + example, `did you mean "interfaces"?`, "tenter explain leaf1 /"},
		{"validate nowhere", "there is no directory nowhere", "tenter validate DIR"},
		{"plan --log-level loud", `"loud" is none of`, "tenter plan"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := Run(strings.Fields(tt.args), Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != exitError {
				t.Errorf("exit %d", code)
			}
			_, next, _ := strings.Cut(errs.String(), "next:  ")
			if !strings.Contains(errs.String(), tt.says) || !strings.Contains(next, tt.next) {
				t.Errorf("said %q", errs.String())
			}
			if _, err := os.Stat(".tenter"); err == nil && !strings.HasPrefix(tt.args, "events") {
				t.Error("it left a state directory behind")
			}
		})
	}
}

// A command that looks for a server and then reads the store says once what is odd in the settings.
func TestSettingsWarnOnce(t *testing.T) {
	t.Setenv("TENTER_CONFIG", "")
	t.Setenv("TENTER_NOSUCH", "1")
	t.Chdir(t.TempDir())
	real := os.Stderr // what the logger writes to
	t.Cleanup(func() { os.Stderr = real })
	for _, args := range []string{"token ls", "device ls", "plan ls", "run locks", "events dead"} {
		said, err := os.Create("said")
		if err != nil {
			t.Fatal(err)
		}
		os.Stderr = said
		Run(strings.Fields(args), Streams{In: strings.NewReader(""), Out: io.Discard, Err: said})
		text, err := os.ReadFile("said")
		if err = errors.Join(err, said.Close()); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "TENTER_NOSUCH sets nothing"); n != 1 {
			t.Errorf("%s: %d warnings: %q", args, n, text)
		}
	}
}

// What stands in the way of serving is said instead of "serving", not after it.
func TestServeRefused(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	for _, tt := range []struct{ name, variable, value, says string }{
		{"port of Redis", "TENTER_BUS_REDIS", "redis://127.0.0.1:99999/0", `port "99999" is not between 1 and 65535`},
		{"database of Redis", "TENTER_BUS_REDIS", "redis://127.0.0.1/abc", "invalid database number"},
		{"address that is taken", "TENTER_METRICS_LISTEN", taken.Addr().String(), "metrics.listen: listen tcp " + taken.Addr().String()},
		{"place of the socket", "TENTER_API_SOCKET", "no/such/directory/s", "api socket: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("TENTER_CONFIG", "")
			t.Setenv(tt.variable, tt.value)
			t.Chdir(t.TempDir())
			var out, errs bytes.Buffer
			code := Run([]string{"serve"}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
			said := errs.String()
			if code != exitError || !strings.Contains(said, "error: ") || !strings.Contains(said, tt.says) || !strings.Contains(said, "next:  tenter config explain\n") {
				t.Errorf("exit %d, said %q", code, said)
			}
			if strings.Contains(said, "serving ") {
				t.Errorf("it claims to serve: %q", said)
			}
		})
	}
}

func TestCutPath(t *testing.T) {
	line := "leaf1   open  changed /interfaces/interface[name=Ethernet1]/config/description"
	for _, tt := range []struct {
		width, column int
		want          string
	}{
		{0, 14, line},
		{100, 14, line},
		{60, 14, "leaf1   open  changed …ce[name=Ethernet1]/config/description"},
		{40, 14, "leaf1   open  changed …onfig/description"},
		{30, 14, "leaf1   open  changed /interf…"}, // too little room: as every other line
		{40, 0, "leaf1   open  changed /interfaces/inter…"},
		{40, 400, "leaf1   open  changed /interfaces/inter…"},
	} {
		if got := (screen{width: tt.width, height: 10}).cutPath(line, tt.column); got != tt.want {
			t.Errorf("width %d, column %d: %q, want %q", tt.width, tt.column, got, tt.want)
		}
	}
	var out bytes.Buffer
	list := newTable("DEVICE", "?PLAN", "/FIRST")
	list.add("leaf1", "-", "changed /a/b")
	if err := list.print(&out); err != nil || out.String() != "DEVICE  FIRST\nleaf1   changed /a/b\n" {
		t.Errorf("%v, %q", err, &out)
	}
}

// Lists of commands fit into 80 columns.
func TestHelpFits(t *testing.T) {
	const indent = 16 // of the longest name of any list of commands
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || len(c.Short)+indent > 80 && c.Parent() != nil && c.Parent().Name() != "completion" {
			t.Errorf("%s: %q has %d characters", c.CommandPath(), c.Short, len(c.Short))
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(Streams{}))
}

func TestCompletionWithoutStore(t *testing.T) {
	t.Setenv("TENTER_CONFIG", "")
	t.Chdir(t.TempDir())
	var out, errs bytes.Buffer
	if code := Run([]string{"__complete", "device", "get", ""}, Streams{In: strings.NewReader(""), Out: &out, Err: &errs}); code != exitDone || out.String() != ":0\n" {
		t.Errorf("exit %d, completed %q", code, &out)
	}
	if _, err := os.Stat(".tenter"); err == nil {
		t.Error("completing left a state directory behind")
	}
}
