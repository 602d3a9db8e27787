package app

import (
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/plan"
)

// What the command line asks of people is asked of every client of the API.
func TestRequestsWithoutReason(t *testing.T) {
	a, _ := logKeeper(t)
	ctx := t.Context()
	for _, reason := range []string{"", " ", "\n\t"} {
		for name, do := range map[string]func() error{
			"hold": func() error {
				_, err := a.Hold(ctx, someAdmin, HoldRequest{Device: "leaf1", For: time.Hour, Reason: reason})
				return err
			},
			"freeze": func() error {
				_, err := a.Freeze(ctx, someAdmin, FreezeRequest{For: time.Hour, Reason: reason})
				return err
			},
			"unlock": func() error {
				_, err := a.Unlock(ctx, someAdmin, UnlockRequest{Name: "device/leaf1", Reason: reason})
				return err
			},
			"reject": func() error { _, err := a.Decide(ctx, someAdmin, DecideRequest{ID: "p", Reason: reason}); return err },
			"dropped": func() error {
				_, err := a.Dead(ctx, someAdmin, DeadRequest{All: true, Drop: true, Reason: reason})
				return err
			},
		} {
			if err := do(); err == nil || !strings.Contains(err.Error(), "reason") {
				t.Errorf("%s for %q: %v", name, reason, err)
			}
		}
	}
}

func TestApplyRequestsThatAreNone(t *testing.T) {
	a, _ := logKeeper(t)
	for want, req := range map[string]ApplyRequest{
		"on_failure": {OnFailure: "give-up"},
		"on_stale":   {OnStale: "ignore"},
		"wait for":   {Within: -time.Second},
		"the most":   {Within: 25 * time.Hour},
		"a reason":   {BreakGlass: " \n"},
	} {
		req.ID = plan.ID("p")
		if _, err := a.Apply(t.Context(), someAdmin, req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", req, err, want)
		}
	}
	if err := (ApplyRequest{ID: "p", OnFailure: "stop", OnStale: StaleWarn, Within: 24 * time.Hour, BreakGlass: "the core is down"}).check(); err != nil {
		t.Error(err)
	}
}
