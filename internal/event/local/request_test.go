package local_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/event/local"
)

type (
	motion string
	vote   bool
)

// after answers yes after a time, whatever its context says.
func after(d time.Duration) func(context.Context, motion) (vote, error) {
	return func(context.Context, motion) (vote, error) {
		time.Sleep(d)
		return true, nil
	}
}

func TestRequest(t *testing.T) {
	yes := after(0)
	no := func(context.Context, motion) (vote, error) { return false, errors.New("can not say") }
	panics := func(context.Context, motion) (vote, error) { panic("no") }
	type who map[string][]func(context.Context, motion) (vote, error)
	for name, c := range map[string]struct {
		who     who
		ask     local.Ask
		want    local.Answers[vote]
		tooFew  bool
		took    time.Duration
		lateBy  uint64
		failing []string
	}{
		"all":         {who{"a": {yes}, "b": {yes}}, local.Ask{Names: []string{"b", "a"}}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "b", Value: true}, {From: "a", Value: true}}}, false, 0, 0, nil},
		"nobody":      {who{}, local.Ask{}, local.Answers[vote]{}, false, 0, 0, nil},
		"not there":   {who{"a": {yes}}, local.Ask{Names: []string{"a", "b"}, Within: time.Second}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "a", Value: true}}, Missing: []string{"b"}}, true, time.Second, 0, nil},
		"enough":      {who{"a": {yes}, "b": {after(time.Minute)}}, local.Ask{Names: []string{"a", "b"}, Minimum: 1, Within: time.Second}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "a", Value: true}}, Missing: []string{"b"}}, false, time.Second, 1, nil},
		"twice":       {who{"a": {yes, yes}, "b": {after(time.Second)}}, local.Ask{Names: []string{"a", "b"}}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "a", Value: true}, {From: "b", Value: true}}, Duplicates: 1}, false, time.Second, 0, nil},
		"stranger":    {who{"x": {yes}, "a": {after(time.Second)}}, local.Ask{Names: []string{"a"}}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "a", Value: true}}, Strangers: 1}, false, time.Second, 0, nil},
		"error":       {who{"a": {no}, "b": {yes}}, local.Ask{Names: []string{"a", "b"}}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "a"}, {From: "b", Value: true}}}, true, 0, 0, []string{"a"}},
		"panic":       {who{"a": {panics}, "b": {yes}}, local.Ask{Names: []string{"a", "b"}, Minimum: 1}, local.Answers[vote]{Answers: []local.Answer[vote]{{From: "a"}, {From: "b", Value: true}}}, false, 0, 0, []string{"a"}},
		"5 s at most": {who{"a": {after(time.Hour)}}, local.Ask{Names: []string{"a"}}, local.Answers[vote]{Missing: []string{"a"}}, true, 5 * time.Second, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
				for name, all := range c.who {
					for _, answer := range all {
						defer local.Respond(b, name, answer)()
					}
				}
				local.Respond(b, "a", func(context.Context, string) (vote, error) { t.Error("asked another question"); return true, nil })
				begun := time.Now()
				got, err := local.Request[motion, vote](t.Context(), b, "?", c.ask)
				if errors.Is(err, local.ErrTooFew) != c.tooFew || time.Since(begun) != c.took {
					t.Errorf("error %v after %v", err, time.Since(begun))
				}
				var failing []string
				for i, a := range got.Answers {
					if a.Err != nil {
						failing = append(failing, a.From)
						got.Answers[i].Err = nil
					}
				}
				if diff := cmp.Diff(c.want, got); diff != "" {
					t.Error(diff)
				}
				if diff := cmp.Diff(c.failing, failing); diff != "" {
					t.Error(diff)
				}
				time.Sleep(2 * time.Hour) // of the bubble's
				synctest.Wait()
				if st := b.Stats().Requests; st.Late != c.lateBy || st.Requests != 1 || st.Missing != uint64(len(c.want.Missing)) {
					t.Errorf("%+v", st)
				}
			})
		})
	}
}

func TestRequestEndsWithItsContextAndLeavesWhoIsBusyAlone(t *testing.T) {
	bubble(t, local.Options{}, func(t *testing.T, b *local.Bus) {
		asked := 0
		stop := local.Respond(b, "a", func(ctx context.Context, _ motion) (vote, error) {
			asked++
			time.Sleep(time.Hour)
			return true, nil
		})
		defer stop()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for range 20 {
			if _, err := local.Request[motion, vote](ctx, b, "?", local.Ask{Names: []string{"a"}}); !errors.Is(err, local.ErrTooFew) {
				t.Errorf("error %v", err)
			}
			synctest.Wait()
		}
		if asked != 16 {
			t.Errorf("asked %d times, while it answered none", asked)
		}
		stop()
		if _, err := local.Request[motion, vote](t.Context(), b, "?", local.Ask{Names: []string{"a"}}); !errors.Is(err, local.ErrTooFew) {
			t.Errorf("error %v", err)
		}
	})
}

// Votes are a Request: each validator says yes or no, and nobody waits longer than the deadline.
func ExampleRequest() {
	type question struct{ Plan string }
	type verdict struct {
		OK     bool
		Reason string
	}
	b := local.New(local.Options{})
	defer b.Close()
	local.Respond(b, "schema", func(context.Context, question) (verdict, error) { return verdict{OK: true, Reason: "valid"}, nil })
	local.Respond(b, "policy", func(_ context.Context, q question) (verdict, error) {
		return verdict{Reason: q.Plan + " touches the management interface"}, nil
	})
	all, err := local.Request[question, verdict](context.Background(), b, question{"p1"}, local.Ask{Names: []string{"schema", "policy"}})
	if err != nil {
		fmt.Println(err)
	}
	for _, a := range all.Answers {
		fmt.Println(a.From, a.Value.OK, a.Value.Reason)
	}
	// Output:
	// schema true valid
	// policy false p1 touches the management interface
}
