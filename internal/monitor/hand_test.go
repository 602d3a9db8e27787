package monitor

import (
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/run"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/view"
)

// TestHand asks what a run has to do with leaves that are otherwise since.
func TestHand(t *testing.T) {
	ended := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	state := run.State{Outcome: run.Done, Writes: []run.Write{{Path: "/a", Before: "s1", After: "s2"}, {Path: "/b", Before: "s1", After: "s2"}}}
	confirmed, failed, proven, back, working := state, state, state, state, state
	proven.Outcome, proven.Proven = run.Failed, true
	back.Outcome = run.RolledBack
	working.Outcome, working.Step = "", run.Verify
	confirmed.Until = ended.Add(time.Minute)
	failed.Outcome = run.Failed
	tests := []struct {
		name  string
		run   run.State
		first time.Time
		have  map[string]schema.Value
		hand  string
		why   string
	}{
		{"a leaf that it did not write, at once", state, ended.Add(time.Second), map[string]schema.Value{"/c": "s9"}, view.HandUnknown, "it came right after run-1, which wrote 2 leaves and not this: a stranger's, or"},
		{"the same while the run works", working, ended.Add(time.Hour), map[string]schema.Value{"/c": "s9"}, view.HandUnknown, "it came during run-1, which wrote 2 leaves and not this"},
		{"the same before it ended", state, ended.Add(-time.Second), map[string]schema.Value{"/c": "s9"}, view.HandUnknown, "it came during run-1"},
		{"the same before it began", state, ended.Add(-time.Minute), map[string]schema.Value{"/c": "s9"}, "", ""},
		{"the same much later", state, ended.Add(time.Minute), map[string]schema.Value{"/c": "s9"}, "", ""},
		{"another value of what it wrote", state, ended.Add(time.Second), map[string]schema.Value{"/a": "s9"}, view.HandUnknown, "right after run-1, and it is not what that wrote"},
		{"that and another leaf", state, ended.Add(time.Second), map[string]schema.Value{"/a": "s9", "/c": "s9"}, view.HandUnknown, "not what that wrote"},
		{"another value much later", state, ended.Add(time.Minute), map[string]schema.Value{"/a": "s9"}, "", ""},
		{"as before, long after", state, ended.Add(time.Hour), map[string]schema.Value{"/a": "s1", "/b": "s1"}, view.HandUnknown, "has again what it had before run-1"},
		{"as before, when the commit was to be confirmed by", confirmed, confirmed.Until, map[string]schema.Value{"/a": "s1", "/b": "s1"}, view.HandExpired, "it took that for not confirmed by 2026-01-02T12:01:00Z"},
		{"as before, before that", confirmed, ended.Add(10 * time.Second), map[string]schema.Value{"/a": "s1"}, view.HandUnknown, "has again"},
		{"what it left behind", failed, ended.Add(time.Hour), map[string]schema.Value{"/a": "s2"}, view.HandRun, "run-1 left it behind, which ended failed"},
		{"that and a leaf that it did not write", failed, ended.Add(time.Hour), map[string]schema.Value{"/a": "s2", "/c": "s9"}, view.HandUnknown, "run-1 left 1 leaf of it behind"},
		{"what it had proven to be put back", proven, ended.Add(time.Hour), map[string]schema.Value{"/a": "s2"}, "", ""},
		{"what was put back with the others", back, ended.Add(time.Hour), map[string]schema.Value{"/a": "s2"}, "", ""},
		{"nothing that can be read", state, ended, nil, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := past{id: "run-1", state: tt.run, begun: ended.Add(-10 * time.Second), ended: ended}.hand(tt.first, tt.have)
			if got.whose != tt.hand || !strings.Contains(got.why, tt.why) || (got.why == "") != (tt.why == "") {
				t.Errorf("%+v, want %s: %s", got, tt.hand, tt.why)
			}
		})
	}
	if got := (past{}).hand(ended, map[string]schema.Value{"/a": "s9"}); got != (hand{}) {
		t.Errorf("without a run: %+v", got)
	}
}
