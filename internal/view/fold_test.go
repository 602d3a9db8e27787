package view_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/view"
)

var noon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

func told(t *testing.T, seq event.Seq, typ event.Type, data any) event.Event {
	t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return event.Event{Seq: seq, Type: typ, Time: noon.Add(time.Duration(seq) * time.Second), Correlation: "c", Data: raw}
}

// TestFoldTolerates has what a log may hold that this build does not expect.
func TestFoldTolerates(t *testing.T) {
	for name, tt := range map[string]struct {
		event event.Event
		want  string // the error; none when empty
	}{
		"unknown type":            {told(t, 1, "weather.changed", map[string]any{"sky": 1}), ""},
		"unknown field":           {told(t, 1, event.TypePlanExpired, map[string]any{"plan": "p", "mood": []int{1}}), ""},
		"plan that nobody told":   {told(t, 1, event.TypeApprovalGranted, event.Approval{Plan: "p"}), ""},
		"run that nobody told":    {told(t, 1, event.TypeApplyFailed, event.ApplyFailed{Run: "r"}), ""},
		"step of no run":          {told(t, 1, event.TypeStepCompleted, event.StepCompleted{Run: "r", Next: "set"}), ""},
		"end of no episode":       {told(t, 1, event.TypeDriftRemediated, event.DriftRemediated{Episode: "e"}), ""},
		"device without its row":  {told(t, 1, event.TypeDeviceConnected, event.Device{Device: "leaf1"}), ""},
		"device of an empty row":  {told(t, 1, event.TypeDeviceChanged, event.Device{Device: "leaf1", State: &event.DeviceState{}}), ""},
		"gap":                     {told(t, 2, event.TypePlanExpired, event.PlanExpired{Plan: "p"}), "event 2 after 0: there is a gap"},
		"data of another shape":   {told(t, 1, event.TypePlanExpired, []int{1}), "data"},
		"data that is not there":  {event.Event{Seq: 1, Type: event.TypePlanExpired}, "data"},
		"acknowledgement, no run": {told(t, 1, event.TypeCommandAck, event.CommandAck{Verb: "pause", Run: "r", Status: "paused"}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			s := view.NewState()
			err := s.Fold(tt.event)
			if tt.want != "" {
				if err == nil || !strings.Contains(err.Error(), tt.want) || s.Seq != 0 {
					t.Errorf("error %v at event %d, want %q and no event", err, s.Seq, tt.want)
				}
				return
			}
			if err != nil || s.Seq != 1 || s.Rows() != 0 {
				t.Errorf("error %v, event %d, %d rows, want event 1 and no rows", err, s.Seq, s.Rows())
			}
		})
	}
}

// TestFoldRun follows a plan for a drift through its run: paused, resumed, ended.
func TestFoldRun(t *testing.T) {
	s := view.NewState()
	for i, e := range []struct {
		typ  event.Type
		data any
	}{
		{event.TypeDriftDetected, event.Drift{Episode: "e", Device: "leaf1", Total: 1, Mode: "enforce", FirstSeen: noon, State: &event.DeviceState{Sync: "Drifted"}}},
		{event.TypePlanGenerated, event.PlanGenerated{Plan: "p", Content: "x", Cause: "drift", Episode: "e", Devices: []event.PlanDevice{{Device: "leaf1"}}}},
		{event.TypeApplyStarted, event.ApplyStarted{Run: "r", Plan: "p", Cause: "drift", Episode: "e"}},
		{event.TypeCommandAck, event.CommandAck{Verb: "pause", Run: "r", Outcome: "done", Status: "paused", Standing: "paused by ada"}},
		{event.TypeStepCompleted, event.StepCompleted{Run: "r", Device: "leaf1", Step: "check", Outcome: "set", Next: "set", State: &event.DeviceState{Sync: "Drifted", Run: "r"}}},
		{event.TypeStepCompleted, event.StepCompleted{Run: "r", Device: "leaf1", Step: "save", Outcome: "done", Detail: "saved", Next: "ended"}},
		{event.TypeApplyCompleted, event.ApplyCompleted{Run: "r", Plan: "p", Outcome: "done", Used: "done"}},
		{event.TypeDriftRemediated, event.DriftRemediated{Episode: "e", Device: "leaf1", Plan: "p", Run: "r", By: "tenter", State: &event.DeviceState{Sync: "InSync"}}},
	} {
		if err := s.Fold(told(t, event.Seq(i+1), e.typ, e.data)); err != nil {
			t.Fatal(err)
		}
		if r := s.Runs["r"]; e.typ == event.TypeCommandAck && (r.Status != view.RunPaused || r.Reason != "paused by ada") {
			t.Errorf("the run is %s (%s), want paused", r.Status, r.Reason)
		}
	}
	at := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Second) }
	want := &view.State{
		Seq: 8, Time: at(8),
		Devices: map[intent.DeviceName]view.Device{"leaf1": {Name: "leaf1", Sync: "InSync", Updated: at(8)}},
		Plans: map[string]view.Plan{"p": {
			ID: "p", Content: "x", Status: view.PlanDone, Cause: "drift", Episode: "e", Correlation: "c", Created: at(2), Devices: []intent.DeviceName{"leaf1"},
		}},
		Runs: map[string]view.RunState{"r": {
			Run: view.Run{ID: "r", Plan: "p", Status: view.RunDone, Cause: "drift", Episode: "e", Correlation: "c", Created: at(3), Ended: at(7)},
			On:  map[intent.DeviceName]view.RunDevice{"leaf1": {Run: "r", Device: "leaf1", Step: "ended", Outcome: "done", Detail: "saved"}},
		}},
		Tokens: map[string]view.Access{},
		Episodes: map[string]view.Episode{"e": {
			ID: "e", Device: "leaf1", Opened: noon, Closed: at(8), Mode: "enforce", Total: 1, Plan: "p", Run: "r", By: "tenter", Correlation: "c",
		}},
	}
	if diff := cmp.Diff(want, s); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	data, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := view.DecodeState(data)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(s, again); diff != "" {
		t.Errorf("encoded and decoded, -want +got:\n%s", diff)
	}
	s.Forget(at(9))
	if len(s.Runs)+len(s.Plans)+len(s.Episodes) != 0 || len(s.Devices) != 1 {
		t.Errorf("%d rows are left after everything has ended long ago, want the device", s.Rows())
	}
}

// TestCompare has one difference of each kind.
func TestCompare(t *testing.T) {
	live, log := view.NewState(), view.NewState()
	live.Generation = "g1"
	live.Devices["leaf1"] = view.Device{Name: "leaf1", Sync: view.InSync, Updated: noon}
	log.Devices["leaf1"] = view.Device{Name: "leaf1", Sync: view.Drifted, Reason: "\x00"}
	live.Plans["p"] = view.Plan{ID: "p"}
	log.Episodes["e"] = view.Episode{ID: "e"}
	log.Devices["leaf2"], live.Devices["leaf2"] = view.Device{Reason: "a\x00"}, view.Device{Reason: "a\ufffd"} // as PostgreSQL keeps it
	diff, err := view.Compare(live, log)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range diff {
		got = append(got, d.Kind+" "+d.Row+" "+d.Field)
	}
	want := []string{"intent current generation", "device leaf1 reason", "device leaf1 sync", "plan p ", "episode e "}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestThin keeps the newest few, one a day, one a month, and the first.
func TestThin(t *testing.T) {
	var list []view.Snapshot
	for i := range 200 { // four a day, the newest first
		list = append(list, view.Snapshot{Seq: event.Seq(200 - i), Time: noon.Add(-time.Duration(i) * 6 * time.Hour)})
	}
	drop := view.Thin(list, noon.Add(time.Hour))
	kept := len(list) - len(drop)
	if kept < 50 || kept > 56 { // fifty days
		t.Errorf("%d are kept of 200 in fifty days", kept)
	}
	for _, seq := range drop {
		if seq > 196 || seq == 1 {
			t.Errorf("snapshot %d is dropped", seq)
		}
	}
	if drop := view.Thin(list, noon.AddDate(2, 0, 0)); len(list)-len(drop) > 8 {
		t.Errorf("%d are kept of 200 two years later", len(list)-len(drop))
	}
}
