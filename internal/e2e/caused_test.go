package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os/exec"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// roots are the types that may follow from nothing in the log: somebody or something outside did it. A plan may only when a
// person made it.
var roots = []string{
	"intent.changed", "intent.rejected", "device.connected", "device.disconnected", "device.enrolled", "device.held", "device.changed", "device.forgotten",
	"drift.detected", "window.opened", "window.closed", "window.frozen", "control.unlocked", "control.command", "access.token_created", "access.token_revoked", "worker.joined", "worker.left", "leader.elected", "bus.degraded", "bus.recovered", "bus.dead_lettered", "bus.dead_resolved", "log.archived",
}

// causedVerb fails when an event of the log does not say what it follows from: each but the roots names an earlier event of the
// same correlation.
//
//	caused
func causedVerb(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: caused")
	}
	cmd := exec.Command(lookup(ts, "tenter"), "events", "tail", "--lines", "1000000", "--output", "jsonl")
	cmd.Dir, cmd.Env = ts.MkAbs("."), environ(ts)
	out, err := cmd.Output()
	ts.Check(err)
	correlations, followed := map[string]string{}, 0
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 2<<20)
	for lines.Scan() {
		var e struct {
			ID          string `json:"id"`
			Type        string `json:"type"`
			Correlation string `json:"correlationid"`
			Causation   string `json:"causationid"`
			ActorType   string `json:"actortype"`
		}
		ts.Check(json.Unmarshal(lines.Bytes(), &e))
		if _, twice := correlations[e.ID]; twice {
			ts.Fatalf("two events have the same name: %s", lines.Text())
		}
		before, known := correlations[e.Causation]
		switch {
		case e.Causation == "" && (slices.Contains(roots, e.Type) || e.Type == "reconciler.plan_generated" && e.ActorType == "user"):
		case e.Causation == "":
			ts.Fatalf("it follows from nothing: %s", lines.Text())
		case !known:
			ts.Fatalf("what it follows from is not in the log before it: %s", lines.Text())
		case before != e.Correlation:
			ts.Fatalf("what it follows from has the correlation %s: %s", before, lines.Text())
		default:
			followed++
		}
		correlations[e.ID] = e.Correlation
	}
	ts.Check(lines.Err())
	if followed == 0 {
		ts.Fatalf("no event follows from another:\n%s", strings.TrimSpace(string(out)))
	}
}
