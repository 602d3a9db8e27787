package run

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/schema"
)

func TestReady(t *testing.T) {
	type names = []intent.DeviceName
	spines := Group{Devices: names{"spine1", "spine2"}, Together: 1}
	pair := Group{Devices: names{"leaf1", "leaf2"}, Together: 1}
	all := names{"leaf1", "leaf2", "leaf3", "spine1", "spine2"}
	tests := []struct {
		name     string
		groups   []Group
		parallel int
		waiting  names
		running  names
		unsure   names
		want     names
	}{
		{name: "one by one", parallel: 1, waiting: all, want: names{"leaf1"}},
		{name: "members of a group wait for each other", parallel: 8, groups: []Group{spines, pair}, waiting: all, want: names{"leaf1", "leaf3", "spine1"}},
		{name: "a running member counts", parallel: 8, groups: []Group{spines, pair}, waiting: names{"leaf2", "spine2"}, running: names{"leaf1"}, want: names{"spine2"}},
		{name: "so does one of which nobody knows what it has", parallel: 8, groups: []Group{spines, pair}, waiting: names{"leaf2", "spine2"}, unsure: names{"leaf1"}, want: names{"spine2"}},
		{name: "which is none of those that run", parallel: 1, waiting: names{"leaf3"}, unsure: names{"leaf1"}, want: names{"leaf3"}},
		{name: "no more than parallel", parallel: 2, waiting: all, running: names{"x"}, want: names{"leaf1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			o := &Order{Groups: tt.groups}
			if diff := cmp.Diff(tt.want, o.ready(tt.waiting, tt.running, tt.unsure, tt.parallel)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A device whose partner another run works on waits for that, and is not skipped.
func TestOthersAreWaitedFor(t *testing.T) {
	g := Saga{Stage: 1, Order: &Order{
		Stages: []Stage{{Devices: []intent.DeviceName{"leaf1", "leaf3"}, Parallel: 2}},
		Groups: []Group{{Devices: []intent.DeviceName{"leaf1", "leaf2"}, Together: 1}},
	}}
	now := time.Unix(1000, 0)
	all := Stands{{Device: "leaf1"}, {Device: "leaf3"}}
	if diff := cmp.Diff(Turn{Start: []intent.DeviceName{"leaf3"}}, g.Next(all, nil, []intent.DeviceName{"leaf2"}, now)); diff != "" {
		t.Error(diff)
	}
	all[1].State = State{Step: Ended, Outcome: Done}
	if diff := cmp.Diff(Turn{Until: now.Add(Again)}, g.Next(all, nil, []intent.DeviceName{"leaf2"}, now)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Turn{Start: []intent.DeviceName{"leaf1"}}, g.Next(all, nil, nil, now)); diff != "" {
		t.Error(diff)
	}
}

// A run that puts everything back waits as well: what it puts back is away meanwhile.
func TestPuttingBackWaits(t *testing.T) {
	g := Saga{Stage: 1, OnFailure: RollbackAll, Back: "leaf3 failed", Order: &Order{
		Stages: []Stage{{Devices: []intent.DeviceName{"leaf1", "leaf3"}, Parallel: 2}},
		Groups: []Group{{Devices: []intent.DeviceName{"leaf1", "leaf2"}, Together: 1}},
	}}
	now := time.Unix(1000, 0)
	all := Stands{
		{Device: "leaf1", State: State{Step: Ended, Outcome: Done, Place: 1}},
		{Device: "leaf3", State: State{Step: Ended, Outcome: Failed, Proven: true}},
	}
	if diff := cmp.Diff(Turn{Until: now.Add(Again)}, g.Next(all, nil, []intent.DeviceName{"leaf2"}, now)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(Turn{Undo: "leaf1", Why: "leaf3 failed"}, g.Next(all, nil, nil, now)); diff != "" {
		t.Error(diff)
	}
}

// What all devices of a run hear of one that failed is short; the device itself keeps all of it.
func TestClause(t *testing.T) {
	long := `gates: it cannot be asked over a new connection: device "leaf1" at 192.0.2.1:9339: connect: connection refused; check the address; and more`
	tests := []struct{ name, detail, want string }{
		{"short", "read back 1 of 2 leaves as planned", "read back 1 of 2 leaves as planned"},
		{"the first of several", "the Set was refused; nothing was written", "the Set was refused"},
		{"long", long, `gates: it cannot be asked over a new connection: device "leaf1" at 192.0.2.1:9339: connect …`},
		{"one long word", strings.Repeat("é", 99), strings.Repeat("é", 50) + " …"},
	}
	for _, tt := range tests {
		if got := clause(tt.detail); got != tt.want {
			t.Errorf("%s: %q", tt.name, got)
		}
	}
}

func TestSum(t *testing.T) {
	tests := []struct {
		outcomes []Outcome
		want     Result
	}{
		{nil, ResultDone},
		{[]Outcome{Done, Done}, ResultDone},
		{[]Outcome{Done, Unreachable}, ResultPartial},
		{[]Outcome{Unreachable}, ResultPartial},
		{[]Outcome{Done, Failed, Skipped}, ResultFailed},
		{[]Outcome{Done, Stale}, ResultPartial},
		{[]Outcome{Unreachable, Refused}, ResultPartial},
		{[]Outcome{Failed, Skipped}, ResultFailed},
		{[]Outcome{Stale}, ResultFailed},
	}
	for _, tt := range tests {
		if got := Sum(tt.outcomes); got != tt.want {
			t.Errorf("%v: %s, want %s", tt.outcomes, got, tt.want)
		}
	}
}

// FuzzWriteJSON checks that a stored write keeps every byte of its values.
func FuzzWriteJSON(f *testing.F) {
	f.Add("/a", "s1", "y\xff\x00")
	f.Add("/interfaces/interface[name=\"x\"]", "", "=not base64")
	f.Add("/a", "bbase64:", "l\x02i1")
	f.Fuzz(func(t *testing.T, p, before, after string) {
		if !json.Valid([]byte(`"` + p + `"`)) {
			return
		}
		in := Write{Path: p, Before: kinded(before), After: kinded(after)}
		b, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		var out Write
		if err := json.Unmarshal(b, &out); err != nil {
			t.Fatal(err)
		}
		if out.Before != in.Before || out.After != in.After {
			t.Errorf("%+v, want %+v", out, in)
		}
	})
}

// kinded makes any text a value of a string leaf.
func kinded(text string) schema.Value {
	if text == "" {
		return ""
	}
	return schema.Value("s" + text)
}
