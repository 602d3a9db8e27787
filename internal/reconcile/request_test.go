package reconcile

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/plan"
	"github.com/tenter-net/tenter/internal/reconcile/approval"
	"github.com/tenter-net/tenter/internal/view"
)

func TestRequests(t *testing.T) {
	w := newWorld(t, "leaf1", "leaf2", "spine1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1, "leaf2": wantEth1, "spine1": wantEth1}, func(d *fabric.Device) {
		d.Labels = map[string]string{"pod": map[bool]string{true: "a", false: "b"}[d.Name == "leaf1"]}
	})
	w.devices["leaf2"].down = true
	e := New(w.options("a"))
	type names = []intent.DeviceName
	tests := []struct {
		name string
		req  Request
		want names
		away names
		err  string
	}{
		{name: "all", want: names{"leaf1", "leaf2", "spine1"}, away: names{"leaf2"}},
		{name: "by name", req: Request{Devices: names{"spine1"}}, want: names{"spine1"}},
		{name: "by label", req: Request{Labels: map[string]string{"pod": "a"}}, want: names{"leaf1"}},
		{name: "by role", req: Request{Labels: map[string]string{"role": "spine"}}, want: names{"spine1"}},
		{name: "unknown", req: Request{Devices: names{"leaf9"}}, err: `device "leaf9": the intents have no such device`},
		{name: "no such label", req: Request{Labels: map[string]string{"pod": "z"}}, err: "no device has these labels"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := e.Plan(t.Context(), tt.req)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("got %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got names
			for _, d := range p.Plan.Devices {
				got = append(got, d.Device)
			}
			if diff := cmp.Diff(tt.want, got) + cmp.Diff(tt.away, p.Unreachable); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestImport saves a plan as a file, and applies it once.
func TestImport(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	e := New(w.options("a"))
	made, err := e.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	file, err := bound(t, e, made.Plan).JSON()
	if err != nil {
		t.Fatal(err)
	}
	read, err := plan.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	id, err := e.Import(t.Context(), read, "ann")
	if err != nil {
		t.Fatal(err)
	}
	if row := w.start(e, id); row.Status != view.RunDone {
		t.Errorf("%+v", row)
	}
	if _, err := e.Import(t.Context(), read, "ann"); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("the file was taken twice: %v", err)
	}
}

func TestExpiry(t *testing.T) {
	w := newWorld(t, "leaf1")
	w.intend("g1", map[intent.DeviceName]string{"leaf1": wantEth1}, nil)
	e := New(w.options("a"))
	made, err := e.Plan(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	id, err := e.Propose(t.Context(), made.Plan, "ann")
	if err != nil {
		t.Fatal(err)
	}
	e.now = func() time.Time { return time.Now().Add(25 * time.Hour) }
	if err := e.approvals.Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(t.Context(), id, byAnn("")); !errors.As(err, new(*approval.StaleError)) {
		t.Errorf("an expired plan: %v", err)
	}
	if n := w.count(event.TypePlanExpired); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	again, err := e.Propose(t.Context(), made.Plan, "ann")
	if err != nil || again == id {
		t.Errorf("planned again as %s: %v", again, err)
	}
}
