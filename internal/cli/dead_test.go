package cli_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/cli"
	"github.com/tenter-net/tenter/internal/event"
	"github.com/tenter-net/tenter/internal/store"
	"github.com/tenter-net/tenter/internal/view"
)

// deadStore has three events that the group notify gave up on.
func deadStore(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	s, err := store.Open(t.Context(), store.Options{Dir: dir, Fabric: "dc1"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	group := view.Group{Name: "notify", Streams: []string{event.StreamDrift}}
	if err := s.JoinGroup(t.Context(), group); err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"connection refused", "connection refused", "404 Not Found"} {
		err := s.Do(t.Context(), func(tx event.Tx) error {
			return tx.Append(t.Context(), event.Draft{Type: event.TypeDriftDetected, Subject: "leaf1", Data: event.Drift{Episode: "e", Device: "leaf1"}})
		})
		if err != nil {
			t.Fatal(err)
		}
		list, err := s.Events(t.Context(), event.Query{Types: []event.Type{event.TypeDriftDetected}, Newest: true, Limit: 1})
		if err != nil {
			t.Fatal(err)
		}
		dead, err := s.FailDelivery(t.Context(), view.Failure{
			Group: "notify", Event: list[0], Reason: reason, Retry: func(int) (time.Duration, bool) { return 0, false },
		})
		if err != nil || !dead {
			t.Fatal(dead, err)
		}
	}
	return dir
}

func TestDeadEventsAreShownGivenBackAndDropped(t *testing.T) {
	dir := deadStore(t)
	t.Chdir(t.TempDir())
	for _, step := range []struct {
		args      string
		code      int
		out, errs string // what is said there
	}{
		{"events groups", 0, "notify  drift    0    0        0      3     -       -", "tenter events dead"},
		{"events groups --output json", 0, `"dead": 3`, ""},
		{"events dead", 0, "notify  drift   1      leaf1   1         connection refused", "tenter events dead show GROUP ENTRY"},
		{"events dead --group nosuch", 1, "", `error: group "nosuch": there is none; there are notify` + "\nnext:  tenter events groups"},
		{"events dead requeue --all --group notifi", 1, "", `group "notifi": there is none`},
		{"events dead --group notify --matching 500", 0, "", "nothing is dead"},
		{"events dead ls --matching 404 --output json", 0, `"error": "404 Not Found"`, ""},
		{"events dead show notify 1", 0, "tenter events dead requeue notify 1", ""},
		{"events dead show notify 2", 1, "", "not dead for group"},
		{"events dead show notify x", 1, "", "no number of an event"},
		{"events dead requeue notify 1", 0, "", "1 event given back"},
		{"events dead requeue notify 1", 1, "", "not dead for group"},
		{"events dead requeue", 1, "", "name a group and an entry"},
		{"events dead requeue --all --matching refused", 0, "", "1 event given back"},
		{"events dead drop --all", 1, "", "needs --reason"},
		{"events dead drop --all --group notify --reason obsolete", 0, "", "1 event dropped"},
		{"events groups", 0, "notify  drift    2    0        2      0     1", ""},
		{"events tail --type bus.dead_resolved", 0, "dropped 1 event, obsolete", ""},
	} {
		var out, errs bytes.Buffer
		code := cli.Run(append(strings.Fields(step.args), "--state-dir", dir), cli.Streams{In: strings.NewReader(""), Out: &out, Err: &errs})
		if code != step.code || !strings.Contains(out.String(), step.out) || !strings.Contains(errs.String(), step.errs) {
			t.Errorf("%s: exit %d, want %d\n%s\n%s\nwant %q and %q", step.args, code, step.code, out.String(), errs.String(), step.out, step.errs)
		}
	}
}
