package run

import (
	"encoding/json"
	"testing"

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
		batch    Batch
		waiting  names
		running  names
		outcomes []Outcome
		want     names
		stop     bool
	}{
		{name: "the zero batch goes one by one", waiting: all, want: names{"leaf1"}},
		{name: "members of a group wait for each other", batch: Batch{Parallel: 8, Groups: []Group{spines, pair}}, waiting: all, want: names{"leaf1", "leaf3", "spine1"}},
		{name: "a running member counts", batch: Batch{Parallel: 8, Groups: []Group{spines, pair}}, waiting: names{"leaf2", "spine2"}, running: names{"leaf1"}, want: names{"spine2"}},
		{name: "no more than parallel", batch: Batch{Parallel: 2}, waiting: all, running: names{"x"}, want: names{"leaf1"}},
		{name: "a failure stops", batch: Batch{Parallel: 8}, waiting: all, outcomes: []Outcome{Done, Failed}, stop: true},
		{name: "an unreachable device does not", batch: Batch{Parallel: 1}, waiting: all, outcomes: []Outcome{Unreachable, Stale}, want: names{"leaf1"}},
		{name: "as many failures as allowed do not", batch: Batch{Parallel: 1, MaxFailures: 1}, waiting: all, outcomes: []Outcome{Failed}, want: names{"leaf1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, stop := tt.batch.Ready(tt.waiting, tt.running, tt.outcomes)
			if diff := cmp.Diff(tt.want, got); diff != "" || stop != tt.stop {
				t.Errorf("stop %t\n%s", stop, diff)
			}
		})
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
