package rebuild_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"go.uber.org/zap"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/rebuild"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/store/pgtest"
	"github.com/tenter-net/tenter/internal/store/storetest"
	"github.com/tenter-net/tenter/internal/view"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.Main(m)) }

// errUndone ends a transaction whose work must leave no trace.
var errUndone = errors.New("undone on purpose")

// An actor does what engines do to one device, in an order that its dice say. No two actors have the same device.
type actor struct {
	t      *testing.T
	s      *store.Store
	dice   *rand.Rand
	device intent.DeviceName

	plans   int
	plan    view.Plan
	run     view.Run
	episode view.Episode
}

func (a *actor) one(list ...string) string { return list[a.dice.IntN(len(list))] }

func (a *actor) say(tx event.Tx, t event.Type, data any, at time.Time) error {
	return tx.Append(context.Background(), event.Draft{Type: t, Subject: string(a.device), Data: data, Time: at, Correlation: a.episode.ID})
}

// step is one transaction. One in six is undone at its end.
func (a *actor) step() {
	before := *a
	steps := []func(event.Tx) error{a.shows, a.shows, a.forgets, a.proposes, a.decides, a.starts, a.goes, a.ends, a.drifts, a.drifts, a.remedies}
	undo := a.dice.IntN(6) == 0
	err := a.s.Do(context.Background(), func(tx event.Tx) error {
		for range 1 + a.dice.IntN(3) {
			if err := steps[a.dice.IntN(len(steps))](tx); err != nil {
				return err
			}
		}
		if undo {
			return errUndone
		}
		return nil
	})
	if err != nil {
		before.dice = a.dice
		*a = before
	}
	if err != nil && !errors.Is(err, errUndone) {
		a.t.Error(err)
	}
}

// shows changes the row, with an event about the device or without.
func (a *actor) shows(tx event.Tx) error {
	if err := a.s.UpdateDevice(tx, a.device, func(d *view.Device) {
		d.Sync, d.Health = a.one(view.InSync, view.Drifted, view.Unknown), a.one(view.Healthy, view.Degraded, "")
		d.Reason, d.Stage = a.one("", "no answer", "ünreadable \x00 <&>"), a.one("", "on_change")
		d.Known.Software = a.one("1", "2")
		if a.dice.IntN(3) == 0 {
			d.Enrolled, d.EnrolledBy, d.Identity.Serial = time.Now(), "ada", a.one("S1", "S2")
			d.HeldUntil = time.Now().Add(time.Duration(a.dice.IntN(100)) * time.Minute)
		}
	}); err != nil || a.dice.IntN(2) == 0 {
		return err
	}
	return a.say(tx, event.TypeDeviceConnected, event.Device{Device: a.device}, time.Time{})
}

func (a *actor) forgets(tx event.Tx) error {
	if a.dice.IntN(4) > 0 {
		return nil
	}
	if _, err := a.s.ForgetDevice(tx, a.device); err != nil {
		return err
	}
	return a.say(tx, event.TypeDeviceForgotten, event.Device{Device: a.device}, time.Time{})
}

func (a *actor) proposes(tx event.Tx) error {
	if a.plan.Status == view.PlanOpen || a.plan.Status == view.PlanApproved || a.plan.Status == view.PlanRunning {
		return nil
	}
	a.plans++
	id := fmt.Sprintf("%s-%d", a.device, a.plans)
	a.plan = view.Plan{
		ID: id, Content: id, Status: view.PlanOpen, Cause: "drift", Episode: a.episode.ID, Generation: "g", Correlation: a.episode.ID,
		Created: time.Now(), Expires: time.Now().Add(time.Hour), Devices: []intent.DeviceName{a.device}, Body: []byte("{}"),
	}
	if a.plan.Correlation == "" {
		a.plan.Correlation = id
	}
	if _, err := a.s.SavePlan(tx, a.plan); err != nil {
		return err
	}
	if a.open() {
		a.episode.Plan = id
		if err := a.s.SaveEpisode(tx, a.episode); err != nil {
			return err
		}
	}
	return tx.Append(context.Background(), event.Draft{
		Type: event.TypePlanGenerated, Time: a.plan.Created, Correlation: a.plan.Correlation,
		Data: event.PlanGenerated{
			Plan: id, Content: id, Cause: "drift", Devices: []event.PlanDevice{{Device: a.device, Add: 1}}, Episode: a.plan.Episode,
			Generation: "g", Expires: a.plan.Expires,
		},
	})
}

func (a *actor) open() bool { return a.episode.ID != "" && a.episode.Closed.IsZero() }

// decides approves, rejects or lets expire.
func (a *actor) decides(tx event.Tx) error {
	if a.plan.Status != view.PlanOpen {
		return nil
	}
	to := []view.PlanStatus{view.PlanApproved, view.PlanRejected, view.PlanExpired}[a.dice.IntN(3)]
	if _, err := a.s.MovePlan(tx, a.plan.ID, a.plan.Status, to, "because"); err != nil {
		return err
	}
	a.plan.Status = to
	switch to {
	case view.PlanApproved:
		return a.say(tx, event.TypeApprovalGranted, event.Approval{Plan: a.plan.ID, Reason: "because"}, time.Time{})
	case view.PlanRejected:
		return a.say(tx, event.TypeApprovalDenied, event.Approval{Plan: a.plan.ID, Reason: "because"}, time.Time{})
	default:
		return a.say(tx, event.TypePlanExpired, event.PlanExpired{Plan: a.plan.ID, Reason: "because"}, time.Time{})
	}
}

func (a *actor) starts(tx event.Tx) error {
	if a.plan.Status != view.PlanOpen && a.plan.Status != view.PlanApproved {
		return nil
	}
	if _, err := a.s.MovePlan(tx, a.plan.ID, a.plan.Status, view.PlanRunning, ""); err != nil {
		return err
	}
	a.plan.Status = view.PlanRunning
	a.run = view.Run{ID: "run-" + a.plan.ID, Plan: a.plan.ID, Status: view.RunRunning, Cause: "drift", Episode: a.plan.Episode, Correlation: a.plan.Correlation, Created: time.Now()}
	if err := a.s.SaveRun(tx, a.run); err != nil {
		return err
	}
	if a.open() && a.episode.ID == a.run.Episode {
		a.episode.Plan, a.episode.Run = a.plan.ID, a.run.ID
		if err := a.s.SaveEpisode(tx, a.episode); err != nil {
			return err
		}
	}
	return a.say(tx, event.TypeApplyStarted, event.ApplyStarted{Run: a.run.ID, Plan: a.plan.ID, Cause: "drift", Episode: a.run.Episode}, a.run.Created)
}

// goes takes the run a step on, which may mark the device with it.
func (a *actor) goes(tx event.Tx) error {
	if a.run.Status != view.RunRunning {
		return nil
	}
	step, outcome := a.one("check", "set", "verify", "save", "ended"), ""
	if step == "ended" {
		outcome = a.one("done", "failed")
	}
	if err := a.s.SaveRunDevice(tx, view.RunDevice{Run: a.run.ID, Device: a.device, Step: step, Outcome: outcome, Detail: "so so"}); err != nil {
		return err
	}
	if err := a.s.UpdateDevice(tx, a.device, func(d *view.Device) { d.Run = a.one("", a.run.ID) }); err != nil {
		return err
	}
	told := outcome
	if told == "" {
		told = step
	}
	return a.say(tx, event.TypeStepCompleted, event.StepCompleted{Run: a.run.ID, Device: a.device, Step: "check", Outcome: told, Detail: "so so", Next: step}, time.Time{})
}

func (a *actor) ends(tx event.Tx) error {
	if a.run.Status != view.RunRunning {
		return nil
	}
	a.run.Ended, a.run.Reason = time.Now(), "over"
	a.run.Status = []view.RunStatus{view.RunDone, view.RunPartial, view.RunFailed}[a.dice.IntN(3)]
	a.plan.Status = []view.PlanStatus{view.PlanDone, view.PlanStale}[a.dice.IntN(2)]
	if err := a.s.SaveRun(tx, a.run); err != nil {
		return err
	}
	if _, err := a.s.MovePlan(tx, a.plan.ID, view.PlanRunning, a.plan.Status, a.run.Reason); err != nil {
		return err
	}
	if a.run.Status == view.RunFailed {
		return a.say(tx, event.TypeApplyFailed, event.ApplyFailed{Run: a.run.ID, Plan: a.plan.ID, Outcome: "failed", Error: "over", Used: string(a.plan.Status)}, a.run.Ended)
	}
	return a.say(tx, event.TypeApplyCompleted, event.ApplyCompleted{
		Run: a.run.ID, Plan: a.plan.ID, Outcome: string(a.run.Status), Reason: "over", Used: string(a.plan.Status),
	}, a.run.Ended)
}

// drifts opens the episode, finds more, or holds it.
func (a *actor) drifts(tx event.Tx) error {
	t := event.TypeDriftUpdated
	if !a.open() {
		t = event.TypeDriftDetected
		a.plans++
		a.episode = view.Episode{ID: fmt.Sprintf("e-%s-%d", a.device, a.plans), Device: a.device, Opened: time.Now()}
		a.episode.Correlation = a.episode.ID
	} else if a.dice.IntN(2) == 0 {
		t, a.episode.Reason = event.TypeDriftHeld, "it loops"
	}
	e := &a.episode
	e.Mode, e.Total = a.one("propose", "enforce"), 1+a.dice.IntN(5)
	e.Findings = []event.Finding{{Path: "/a", Class: "changed", Before: a.one("1", "2"), After: "<3>"}}
	if err := a.s.SaveEpisode(tx, *e); err != nil {
		return err
	}
	return a.say(tx, t, event.Drift{
		Episode: e.ID, Device: a.device, Findings: e.Findings, Total: e.Total, Mode: e.Mode, FirstSeen: e.Opened, Held: e.Reason, Plan: e.Plan, Run: e.Run,
	}, time.Time{})
}

func (a *actor) remedies(tx event.Tx) error {
	if !a.open() {
		return nil
	}
	e := &a.episode
	e.Closed, e.By = time.Now(), a.one("tenter", "stranger")
	if err := a.s.SaveEpisode(tx, *e); err != nil {
		return err
	}
	return a.say(tx, event.TypeDriftRemediated, event.DriftRemediated{Episode: e.ID, Device: a.device, Plan: e.Plan, Run: e.Run, By: e.By, Findings: e.Findings}, e.Closed)
}

// TestRebuiltIsLive has several actors at work on one store, with snapshots taken and rows forgotten meanwhile: at every
// moment what is live is what the log tells, from the first event on and from the newest snapshot, and so it stays for the
// moments of the past.
func TestRebuiltIsLive(t *testing.T) {
	storetest.Both(t, func(t *testing.T, at storetest.Place) {
		s, err := store.Open(t.Context(), store.Options{Dir: at.Dir, DSN: at.DSN, Fabric: "dc1", Log: zap.NewNop()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		ctx := t.Context()
		k := rebuild.NewKeeper(rebuild.Options{Store: s, Worker: "w", Log: zap.NewNop(), Every: 40})
		past := map[event.Seq]view.Rows{}
		for round := range 4 {
			var wg sync.WaitGroup
			for i := range 3 {
				a := &actor{t: t, s: s, dice: rand.New(rand.NewPCG(seed, uint64(10*round+i))), device: intent.DeviceName(fmt.Sprintf("d%d-%d", round, i))}
				wg.Go(func() {
					for range 16 {
						a.step()
					}
				})
			}
			same(t, s) // while they are at it
			wg.Wait()
			same(t, s)
			if round == 2 {
				if _, err := s.Forget(ctx, time.Now().Add(-time.Millisecond)); err != nil {
					t.Fatal(err)
				}
				same(t, s)
			}
			rows, err := s.Rows(ctx)
			if err != nil {
				t.Fatal(err)
			}
			past[rows.Seq] = rows
			if err := k.Turn(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if list, err := s.Snapshots(ctx); err != nil || len(list) < 3 {
			t.Fatalf("snapshots: %v, %v", list, err)
		}
		for seq, want := range past {
			got, err := rebuild.At(ctx, s, seq)
			if err != nil {
				t.Fatal(err)
			}
			live := want.State()
			live.Forget(want.Forgotten) // the log tells of it for ever
			got.Forget(want.Forgotten)
			diff, err := view.Compare(live, got)
			if err != nil || len(diff) > 0 {
				t.Errorf("event %d: %v, %v", seq, diff, err)
			}
		}
	})
}

func same(t *testing.T, s *store.Store) {
	t.Helper()
	for _, whole := range []bool{true, false} {
		r, err := rebuild.Check(t.Context(), s, whole)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range r.Differences {
			t.Errorf("whole %v, event %d: %s", whole, r.Seq, d)
		}
	}
}
