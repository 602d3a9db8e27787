package monitor_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/view"
)

const settle = 300 * time.Millisecond

func (w *world) expect(want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.events()); diff != "" {
		w.t.Errorf("events (-want +got):\n%s", diff)
	}
}

func (w *world) row() view.Device {
	w.t.Helper()
	d, err := w.store.Device(w.t.Context(), leaf1)
	if err != nil {
		w.t.Fatal(err)
	}
	return d
}

func (w *world) is(sync, health string) {
	w.t.Helper()
	if d := w.row(); d.Sync != sync || d.Health != health {
		w.t.Errorf("%s and %s (%s), want %s and %s", d.Sync, d.Health, d.Reason, sync, health)
	}
}

// hello is what every watch begins with.
var hello = []string{"device.connected", "device.capabilities", "device.synced"}

func TestDriftAndBack(t *testing.T) {
	bubble(t, settle, func(w *world) {
		w.expect(hello...)
		w.is(view.InSync, view.Healthy)
		w.device.change(map[string]string{desc1: "x"})
		pass(settle / 2)
		w.expect()
		pass(settle)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
		w.is(view.Drifted, view.Healthy)
		w.device.change(map[string]string{desc1: ""})
		pass(settle)
		w.expect("drift.updated enforce | missing " + desc1 + " a ->")
		w.device.change(map[string]string{desc1: "a"})
		pass(settle)
		w.expect("drift.remediated by stranger")
		w.is(view.InSync, view.Healthy)
		pass(time.Minute)
		w.expect()
	})
}

func TestSameDriftLaterIsAnotherEpisode(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		for range 2 {
			w.device.change(map[string]string{desc1: "x"})
			pass(time.Millisecond)
			w.device.change(map[string]string{desc1: "a"})
			pass(time.Millisecond)
			w.expect("drift.detected enforce | changed "+desc1+" a -> x", "drift.remediated by stranger")
		}
		list, err := w.store.Episodes(w.t.Context(), view.EpisodeQuery{})
		if err != nil || len(list) != 2 || list[0].Correlation == list[1].Correlation || list[0].Closed.IsZero() {
			t.Errorf("episodes %+v, %v", list, err)
		}
		events, err := w.store.Events(w.t.Context(), event.Query{Types: []event.Type{"drift"}})
		if err != nil || len(events) != 4 || events[0].Correlation != events[1].Correlation || events[1].Correlation == events[2].Correlation {
			t.Errorf("correlations of %d events, %v", len(events), err)
		}
	})
}

// TestDriftEndsWithTheIntents has a device that drifted be taken out of the intents: its drift ends, nobody keeps a
// connection to it, and what is left on it is said.
func TestDriftEndsWithTheIntents(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Millisecond)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
		w.mu.Lock()
		w.gone = true
		w.mu.Unlock()
		pass(time.Minute)
		told := w.events() // leaf2 is away too, whenever its turn comes
		slices.Sort(told)
		if diff := cmp.Diff([]string{"device.disconnected", "device.disconnected", "drift.remediated by intents"}, told); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
		w.is(view.Unknown, view.Unmanaged)
		if row, err := w.store.Device(w.t.Context(), leaf1); err != nil || !strings.Contains(row.Reason, "in 2 leaves; next: tenter device owned leaf1") {
			t.Errorf("%v: %q", err, row.Reason)
		}
		if list, err := w.store.Episodes(w.t.Context(), view.EpisodeQuery{Open: true}); err != nil || len(list) != 0 {
			t.Errorf("%v: still open: %+v", err, list)
		}
		w.mu.Lock()
		if !slices.Equal(w.forgot, []intent.DeviceName{leaf1}) {
			t.Errorf("forgotten: %v", w.forgot)
		}
		w.gone = false
		w.mu.Unlock()
		pass(time.Minute) // it is back
		w.is(view.Drifted, view.Healthy)
		w.events()
	})
}

// TestAnotherDevice has another device answer, and then the right one again.
func TestAnotherDevice(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) { d.Identity, d.Enrolled = view.Identity{Serial: "S1"}, time.Now() })
		})
		for _, step := range []struct {
			serial, health string
			says           []string
		}{
			{"S1", view.Healthy, []string{"device.capabilities"}},
			{"S2", view.Held, []string{"device.held", "device.capabilities"}},
			{"S2", view.Held, nil},
			{"S1", view.Healthy, []string{"device.capabilities"}},
		} {
			w.device.leave()
			pass(time.Millisecond)
			w.device.mu.Lock()
			w.device.facts.Serial = step.serial
			w.device.mu.Unlock()
			w.device.back()
			pass(time.Minute)
			w.is(view.InSync, step.health)
			var got []string
			for _, e := range w.events() {
				if e == "device.held" || e == "device.capabilities" {
					got = append(got, e)
				}
			}
			if diff := cmp.Diff(step.says, got); diff != "" {
				t.Errorf("%s: %s", step.serial, diff)
			}
		}
		w.do(func(tx event.Tx) error { // a run found another one
			return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) { d.Mismatch = "as another process found" })
		})
		pass(time.Minute)
		w.is(view.InSync, view.Held)
	})
}

func TestFlapIsNoDrift(t *testing.T) {
	bubble(t, settle, func(w *world) {
		w.expect(hello...)
		w.device.change(map[string]string{desc1: "x"})
		pass(settle / 2)
		w.device.change(map[string]string{desc1: "a"})
		pass(time.Minute)
		w.expect()
	})
}

func TestTwoDriftsInOneNotification(t *testing.T) {
	bubble(t, settle, func(w *world) {
		w.expect(hello...)
		w.device.change(map[string]string{desc1: "x", rogue: "mine"})
		pass(time.Second)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x | unexpected " + rogue + "  -> mine")
	})
}

// TestModeIsThatOfThePlan has one drift that is enforced and one that is only observed: what is told is what will be done.
func TestModeIsThatOfThePlan(t *testing.T) {
	bubble(t, settle, func(w *world) {
		w.expect(hello...)
		w.device.change(map[string]string{desc2: ""})
		pass(time.Second)
		w.expect("drift.detected observe | missing " + desc2 + " b ->")
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Second)
		w.expect("drift.updated enforce, 1 new | changed " + desc1 + " a -> x | missing " + desc2 + " b ->")
		w.device.change(map[string]string{desc1: "a"})
		pass(time.Second)
		w.expect("drift.updated observe | missing " + desc2 + " b ->")
	})
}

func TestOwnRunIsNoDrift(t *testing.T) {
	for name, late := range map[string]time.Duration{"in time": 0, "late": 10 * time.Second} {
		t.Run(name, func(t *testing.T) {
			bubble(t, 0, func(w *world) {
				w.expect(hello...)
				w.intend(map[string]string{desc1: "new", desc2: "b"})
				pass(late)
				w.run("r1", map[string]string{desc1: "a"}, map[string]string{desc1: "new"})
				w.device.change(map[string]string{desc1: "new"})
				pass(late)
				w.ran(map[string]string{desc1: "new"})
				pass(time.Minute)
				w.expect()
				w.is(view.InSync, view.Healthy)
			})
		})
	}
}

// TestOwnRunWithALaggingStream records the run's end before the stream tells of the Set.
func TestOwnRunWithALaggingStream(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.mu.Lock()
		w.device.mute[profile.StageOnChange] = true
		w.device.mu.Unlock()
		w.run("r1", map[string]string{desc1: "a"}, map[string]string{desc1: "new"})
		w.device.change(map[string]string{desc1: "new"})
		w.ran(map[string]string{desc1: "new"})
		pass(time.Minute)
		for _, line := range w.events() {
			if strings.HasPrefix(line, "drift") {
				t.Error(line)
			}
		}
	})
}

func TestMergedIsPending(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.intend(map[string]string{desc1: "new", desc2: "b"})
		pass(10 * time.Second)
		w.expect()
		w.is(view.Pending, view.Healthy)
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Millisecond)
		w.expect("drift.detected enforce | conflict " + desc1 + " a -> x")
		w.is(view.Conflict, view.Healthy)
	})
}

func TestStrangerDuringARun(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.run("r1", map[string]string{desc1: "a"}, map[string]string{desc1: "new"})
		w.device.change(map[string]string{desc1: "new"})
		w.device.change(map[string]string{rogue: "mine"})
		pass(10 * time.Second)
		w.expect("drift.detected enforce | unexpected " + rogue + "  -> mine")
	})
}

func TestRemediationClosesTheEpisode(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Millisecond)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
		list, err := w.store.Episodes(w.t.Context(), view.EpisodeQuery{Open: true})
		if err != nil || len(list) != 1 {
			t.Fatal(err, list)
		}
		w.do(func(tx event.Tx) error {
			if _, err := w.store.SavePlan(tx, view.Plan{ID: "p1", Content: "c1", Status: view.PlanRunning, Episode: list[0].ID, Devices: []intent.DeviceName{"leaf1"}}); err != nil {
				return err
			}
			return w.store.SaveRun(tx, view.Run{ID: "r1", Plan: "p1", Status: view.RunRunning, Episode: list[0].ID})
		})
		w.run("r1", map[string]string{desc1: "x"}, map[string]string{desc1: "a"})
		pass(10 * time.Second)
		w.expect() // the drift is neither gone nor another one while the run is at it
		w.is(view.Drifted, view.Healthy)
		w.device.change(map[string]string{desc1: "a"})
		w.ran(map[string]string{desc1: "a"})
		pass(10 * time.Second)
		w.expect()
		w.do(func(tx event.Tx) error {
			if err := w.store.SaveRunDevice(tx, view.RunDevice{Run: "r1", Device: "leaf1", Step: "ended", Outcome: "done"}); err != nil {
				return err
			}
			return w.store.SaveRun(tx, view.Run{ID: "r1", Plan: "p1", Status: view.RunDone, Episode: list[0].ID})
		})
		pass(10 * time.Second)
		w.expect("drift.remediated by tenter r1")
		e, err := w.store.Episode(w.t.Context(), list[0].ID)
		if err != nil || e.Plan != "p1" || e.Run != "r1" || e.By != "tenter" {
			t.Errorf("%+v, %v", e, err)
		}
	})
}

// TestApplyClosesTheEpisode has a person's own run put the device right.
func TestApplyClosesTheEpisode(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.change(map[string]string{desc1: "x"})
		pass(time.Millisecond)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
		w.run("r1", map[string]string{desc1: "x"}, map[string]string{desc1: "a"})
		w.device.change(map[string]string{desc1: "a"})
		w.do(func(tx event.Tx) error {
			plan := view.Plan{ID: "p1", Content: "c1", Status: view.PlanDone, Devices: []intent.DeviceName{"leaf1", "leaf2"}}
			if _, err := w.store.SavePlan(tx, plan); err != nil {
				return err
			}
			if err := w.store.SaveRun(tx, view.Run{ID: "r1", Plan: "p1", Status: view.RunPartial, Ended: time.Now()}); err != nil {
				return err
			}
			return w.store.SaveRunDevice(tx, view.RunDevice{Run: "r1", Device: "leaf1", Step: "ended", Outcome: "done"})
		})
		w.ran(map[string]string{desc1: "a"})
		pass(10 * time.Second)
		w.expect("drift.remediated by tenter r1")
	})
}

func TestReconnectFindsWhatWasMissed(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.leave()
		pass(time.Second)
		w.expect("device.disconnected")
		w.is(view.Unknown, view.Unreachable)
		pass(2 * time.Minute)
		w.expect()
		w.device.change(map[string]string{desc1: "", rogue: "mine"})
		w.device.back()
		pass(time.Minute)
		w.expect("device.connected", "device.synced", "drift.detected enforce | missing "+desc1+" a -> | unexpected "+rogue+"  -> mine")
		w.is(view.Drifted, view.Healthy)
	})
}

func TestRebootThatLosesEverythingIsOneEpisode(t *testing.T) {
	bubble(t, settle, func(w *world) {
		w.expect(hello...)
		w.device.leave()
		pass(time.Second)
		w.device.change(map[string]string{desc1: "", desc2: ""})
		w.device.back()
		pass(time.Minute)
		w.expect("device.disconnected", "device.connected", "device.synced", "drift.detected enforce | missing "+desc1+" a -> | missing "+desc2+" b ->")
	})
}

func TestSilentStreamIsFoundByTheAudit(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.mu.Lock()
		w.device.mute[profile.StageOnChange] = true
		w.device.mu.Unlock()
		w.device.change(map[string]string{desc1: "x"})
		pass(2 * time.Minute) // the audit interval is a minute, with jitter
		w.expect("drift.detected enforce | changed "+desc1+" a -> x", "device.synced")
		w.is(view.Drifted, view.Degraded)
		if got := w.row(); got.Stage != string(profile.StageTargetDefined) || !strings.Contains(got.Reason, desc1) {
			t.Errorf("stage %q, reason %q", got.Stage, got.Reason)
		}
		w.device.change(map[string]string{desc1: "a"})
		pass(time.Second)
		w.expect("drift.remediated by stranger")
	})
}

func TestUntrueStreamIsReadAgain(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.lie(desc1, "x")
		pass(time.Second)
		w.expect("drift.detected enforce | changed " + desc1 + " a -> x")
		pass(10 * time.Second) // audits are minutes apart
		w.expect("drift.remediated by reading", "device.synced")
		w.is(view.InSync, view.Degraded)
		if got := w.row(); got.Stage == string(profile.StageOnChange) {
			t.Errorf("a stream that told what is not so is still believed: %s", got.Stage)
		}
	})
}

func TestPartialStreamIsNoDrift(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.device.mu.Lock()
		w.device.partial = desc2
		w.device.mu.Unlock()
		w.device.leave()
		pass(time.Second)
		w.device.back()
		pass(time.Minute)
		for _, line := range w.events() {
			if strings.HasPrefix(line, "drift") {
				t.Error(line)
			}
		}
		if got := w.row(); got.Stage == string(profile.StageOnChange) {
			t.Errorf("still on %s", got.Stage)
		}
	})
}

func TestUnreadableDeviceIsBelieved(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.device.mu.Lock()
		w.device.unread = errors.New("no Get here")
		w.device.mu.Unlock()
		w.device.leave()
		pass(time.Second)
		w.device.change(map[string]string{desc1: ""})
		w.device.back()
		pass(time.Minute)
		w.expect("device.disconnected", "device.connected", "device.synced", "drift.detected enforce | missing "+desc1+" a ->")
	})
}

func TestHeldAndSecret(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		w.intend(map[string]string{desc1: "a", desc2: "b", secret: "geheim"})
		w.device.change(map[string]string{secret: "geheim"})
		w.applied(map[string]string{secret: "geheim"})
		w.do(func(tx event.Tx) error {
			return w.store.UpdateDevice(tx, leaf1, func(d *view.Device) { d.HeldUntil, d.HeldReason = time.Now().Add(time.Minute), "change freeze" })
		})
		pass(10 * time.Second)
		w.events() // another set of subtrees is watched from now on
		w.is(view.InSync, view.Held)
		w.device.change(map[string]string{secret: "anders"})
		pass(time.Millisecond)
		lines := w.events()
		if len(lines) != 1 || !strings.Contains(lines[0], "changed "+secret+" (secret ") || strings.Contains(lines[0], "geheim") || strings.Contains(lines[0], "anders") {
			t.Errorf("got %q", lines)
		}
		pass(2 * time.Minute)
		w.is(view.Drifted, view.Healthy)
	})
}

func TestNobodyElseHasTheLease(t *testing.T) {
	bubble(t, 0, func(w *world) {
		w.expect(hello...)
		if _, held, err := w.store.Acquire(w.t.Context(), "watch/leaf1", "w2", time.Minute); err != nil || held {
			t.Errorf("a second holder: %t, %v", held, err)
		}
	})
}
