package vote

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/event/local"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A world is what a panel goes by.
type world struct {
	device Device
	wants  bool
	moved  string
	ruling Ruling
	sights map[intent.DeviceName]Sight
	err    error
	ends   <-chan struct{} // until when rulings take, nil for no time
}

func (w *world) Current(context.Context) (string, error) { return "g1", w.err }

func (w *world) Wants(context.Context, string, intent.DeviceName) (bool, error) { return w.wants, nil }

func (w *world) Device(context.Context, string, intent.DeviceName) (Device, error) {
	return w.device, nil
}

func (w *world) Unbound(context.Context, plan.Plan) (string, error) { return w.moved, nil }

func (w *world) Rule(context.Context, plan.Plan, Asking) (Ruling, error) {
	if w.ends != nil {
		<-w.ends
	}
	return w.ruling, nil
}

func (w *world) See(_ context.Context, _ string, device intent.DeviceName) (Sight, error) {
	return w.sights[device], nil
}

// changes are parts of a plan that change an interface's description on devices.
func changes(devices ...intent.DeviceName) plan.Plan {
	var p plan.Plan
	for _, d := range devices {
		p.Devices = append(p.Devices, plan.DevicePlan{Device: d, Changes: []plan.Change{{Path: described, After: "x"}}})
	}
	return p
}

const described = "/interfaces/interface[name=Ethernet1]/config/description"

// TestVote has panels vote, and checks who is named and why the plan is denied.
func TestVote(t *testing.T) {
	yes := func(name, reason string) event.Vote {
		return event.Vote{Validator: name, Verdict: event.VoteYes, Reason: reason}
	}
	no := func(name, reason string) event.Vote {
		return event.Vote{Validator: name, Verdict: event.VoteNo, Reason: reason}
	}
	none := func(name, reason string) event.Vote {
		return event.Vote{Validator: name, Verdict: event.VoteNone, Reason: reason}
	}
	away := Sight{Away: errors.New("no route to host")}
	tests := []struct {
		name string
		plan plan.Plan
		turn func(*world)
		want Tally
	}{
		{"all are for it", changes("leaf1"), func(*world) {}, Tally{Votes: []event.Vote{yes("schema", ""), yes("policy", ""), yes("device", "")}}},
		{
			"the intents moved", changes("leaf1"), func(w *world) { w.moved = "they moved" },
			Tally{Votes: []event.Vote{no("schema", "they moved"), yes("policy", ""), yes("device", "")}, Denied: "schema: they moved", Stale: true},
		},
		{
			"the device has no such leaf",
			plan.Plan{Devices: []plan.DevicePlan{{Device: "leaf1", Changes: []plan.Change{{Path: "/nowhere/at-all"}}}}},
			func(*world) {},
			Tally{
				Votes:  []event.Vote{no("schema", `leaf1: /nowhere/at-all: path /nowhere/at-all: / has no child "nowhere"`), yes("policy", ""), yes("device", "")},
				Denied: "schema: leaf1: /nowhere/at-all: ",
			},
		},
		{
			"a rule is against all of it", changes("leaf1"), func(w *world) { w.ruling = Ruling{Refused: true, Reasons: "leaf1: held"} },
			Tally{Votes: []event.Vote{yes("schema", ""), no("policy", "leaf1: held"), yes("device", "")}, Denied: "policy: leaf1: held"},
		},
		{
			"a rule is against some of it", changes("leaf1", "leaf2"), func(w *world) { w.ruling = Ruling{Reasons: "leaf1: held"} },
			Tally{Votes: []event.Vote{yes("schema", ""), yes("policy", "leaf1: held"), yes("device", "")}},
		},
		{
			"one of two devices is away", changes("leaf1", "leaf2"), func(w *world) { w.sights["leaf1"] = away },
			Tally{Votes: []event.Vote{yes("schema", ""), yes("policy", ""), yes("device", "leaf1 cannot be asked: no route to host")}},
		},
		{
			"all of many devices are away", changes("a", "b", "c", "d", "e"),
			func(w *world) {
				for _, d := range []intent.DeviceName{"a", "b", "c", "d", "e"} {
					w.sights[d] = away
				}
			},
			Tally{
				Votes: []event.Vote{
					yes("schema", ""), yes("policy", ""),
					no("device", "a cannot be asked: no route to host; b cannot be asked: no route to host; c cannot be asked: no route to host; and 2 more devices"),
				},
				Denied: "device: a cannot be asked",
			},
		},
		{
			"it is another device", changes("leaf1"), func(w *world) { w.sights["leaf1"] = Sight{Mismatch: "it is S2"} },
			Tally{
				Votes:  []event.Vote{yes("schema", ""), yes("policy", ""), no("device", "leaf1: "+policy.NotThatDevice("leaf1", "it is S2"))},
				Denied: "device: leaf1: it is S2",
			},
		},
		{
			"one cannot say", changes(), func(w *world) { w.err = errors.New("the store is gone") },
			Tally{
				Votes:  []event.Vote{none("schema", "the store is gone"), none("policy", "the store is gone"), yes("device", "")},
				Denied: "schema could not say: the store is gone; policy could not say: the store is gone",
			},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			tt.turn(w)
			got, err := w.panel(time.Minute).Vote(t.Context(), tt.plan, Asking{})
			if err != nil {
				t.Fatal(err)
			}
			if (tt.want.Denied == "") != (got.Denied == "") || !strings.HasPrefix(got.Denied, tt.want.Denied) {
				t.Errorf("denied: %s", got.Denied)
			}
			ignore := cmpopts.IgnoreFields(Tally{}, "Denied")
			if diff := cmp.Diff(tt.want, got, ignore, cmpopts.IgnoreFields(event.Vote{}, "Took")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A validator that does not come to an end counts as one that is against the plan.
func TestVoteEnds(t *testing.T) {
	w := newWorld(t)
	ends := make(chan struct{})
	w.ends = ends
	t.Cleanup(func() { close(ends) })
	got, err := w.panel(50*time.Millisecond).Vote(t.Context(), changes("leaf1"), Asking{})
	if err != nil || len(got.Votes) != 3 || !strings.Contains(got.Denied, "policy did not answer within 50ms") {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.panel(time.Minute).Vote(ctx, changes("leaf1"), Asking{}); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	by, err := profiles.Get("openconfig-sim")
	if err != nil {
		t.Fatal(err)
	}
	return &world{
		wants: true, sights: map[intent.DeviceName]Sight{},
		device: Device{Model: &fabric.Device{Name: "leaf1"}, Profile: by, Table: tree.NewTable(schema.NewRoots(map[string]*schema.Schema{path.OpenConfig: schemas.OpenConfig()}))},
	}
}

func (w *world) panel(within time.Duration) *Panel {
	return New(Options{Bus: local.New(local.Options{}), Within: within, Now: time.Now, Intents: w, Judge: w})
}
