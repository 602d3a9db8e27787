package e2e

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A stall brings a run to a step of leaf1 and keeps it there, for the simulator to hold a request or the clock to run.
type stall struct {
	step   string
	before []string // lines of the script before the run
	then   []string // and while it goes on, until it is at the step
	soak   string   // how long, if it has to be found in it
	flags  string   // of apply
	after  string   // a line of the script once somebody drives the run again
}

// at waits for a step of leaf1's; what the simulator is told then holds for what the run does next.
func at(step string) string {
	return fmt.Sprintf("until 25s stdout 'leaf1 +%s' sh -c 'tenter run show $(tenter run ls | grep -o \"^run-[0-9a-f]*\" | head -n 1)'", step)
}

func told(line string) string { return "exec tenter sim --dir sim control leaf1 " + line }

// held waits until leaf1 holds a request: what it is told then is for the next one.
const held = "until 25s stdout 'holds 1' tenter sim --dir sim control leaf1"

// reading has leaf1 hold the request that reads the change back.
var reading = []string{at("set"), told("hold-get"), told("hold-set off"), at("verify"), held}

// silent has what worked before the change be broken after it.
var silent = []string{told("lldp-silent"), "exec tenter sim --dir sim control settle"}

// stalls are all steps in which something can be killed. The run has gates and a soak.
var stalls = []stall{
	{step: "check", before: []string{told("hold-get")}, then: []string{"until 60s stdout 'leaf1 +check' sh letgo.sh"}},
	{step: "set", before: []string{told("hang-set")}},
	{step: "verify", before: []string{told("hold-set")}, then: []string{at("set"), told("hang-get"), told("hold-set off")}},
	{step: "gates", before: []string{told("hold-set")}, then: slices.Concat(reading, []string{told("hang-get"), told("hold-get off")})},
	{step: "soak", soak: "8s"},
	{step: "await", flags: " --confirm manual --within 5m", after: "exec tenter run confirm $RUN\nstderr 'confirmed on leaf1'\n"},
	{step: "save", before: []string{told("hold-set")}, then: slices.Concat(reading, []string{told("hang-set"), told("hold-get off")})},
	{step: "undo", before: []string{told("hold-set")}, then: slices.Concat(reading, silent, []string{told("hang-set"), told("hold-get off")})},
	{step: "prove", before: []string{told("hold-set")}, then: slices.Concat(reading, silent, []string{
		told("hold-set"), told("hold-get off"), at("undo"), told("hang-get"), told("hold-set off"),
	})},
}

// section is the part of the script that kills the process in the nth stall.
func (s stall) section(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n# Killed in %s.\nedit intents/change.yaml 'value: .*' 'value: v%d}'\nedit intents/rollout.yaml 'soak: .*' 'soak: %s'\n", s.step, n, cmp.Or(s.soak, "1s"))
	b.WriteString("rm plan.json\nexec tenter plan --device leaf1 --out plan.json\n")
	if len(s.before) > 0 {
		b.WriteString(strings.Join(s.before, "\n") + "\n")
	}
	fmt.Fprintf(&b, "! exec tenter apply plan.json%s &apply%d&\n", s.flags, n)
	if len(s.then) > 0 {
		b.WriteString(strings.Join(s.then, "\n") + "\n")
	}
	fmt.Fprintf(&b, "%s\nkill apply%d\nwait apply%d\n", at(s.step), n, n)
	b.WriteString("exec tenter run ls\ncapture RUN '^(run-[0-9a-f]+) +running'\nexec tenter sim --dir sim control leaf1 clear\nexec tenter sim --dir sim control settle\n")
	fmt.Fprintf(&b, "! exec tenter serve &serve%d&\nuntil 30s stdout sock ls sim/state/tenter.sock\n%s", n, s.after)
	fmt.Fprintf(&b, "until 60s stdout 'leaf1 +ended' tenter run show $RUN\nuntil 60s stdout '^status +[a-qs-z]' tenter run show $RUN\nexec sh judge.sh $RUN v%d v%d\n", n-1, n)
	fmt.Fprintf(&b, "end KILL 20s sim/state\nwait serve%d\nrm sim/state/tenter.sock\nexec tenter apply --yes --device leaf1\nexec tenter drift ls\nstderr 'no open drift'\n", n)
	return b.String()
}

const killedHead = `# The process is killed with -9 in each step of a run. Each time the run is there still and says where it stands, somebody else ends
# it, and the device is as the end says: all of it, or nothing.

fabric small
lab start
env TENTER_APPLY_READBACK_WINDOW=1s
env TENTER_APPLY_SET_TIMEOUT=20s
env TENTER_APPLY_VOTE_TIMEOUT=1m
exec tenter device enroll --all
exec tenter apply --yes
cp rollout.yaml intents/rollout.yaml
cp change.yaml intents/change.yaml
exec tenter apply --yes --device leaf1
`

const killedTail = `
exec tenter events rebuild --check --full
caused

-- judge.sh --
set -e
have=$(tenter sim --dir sim hand leaf1 get '/interfaces/interface[name=Loopback0]/config/description')
outcome=$(tenter run show $1 | grep -o '^leaf1 .*' | head -n 1)
case "$outcome" in
*ended*done*) want=$3 ;;
*ended*failed* | *ended*rolled-back* | *ended*unreachable* | *ended*stale*) want=$2 ;;
*) echo "no end: $outcome"; exit 1 ;;
esac
case "$have" in
*"\"$want\""*) ;;
*) echo "$outcome, and the device has $have instead of $want"; exit 1 ;;
esac
-- letgo.sh --
# What leaf1 is asked before the check is let go, one request after the other. One that is held before the run is seen at its check
# is not the check's.
held=$(tenter sim --dir sim control leaf1)
shown=$(tenter run show $(tenter run ls | grep -o "^run-[0-9a-f]*" | head -n 1) | grep '^leaf1')
echo "$shown"
case "$shown:$held" in
*check*) ;;
*holds*) tenter sim --dir sim control leaf1 hold-get next ;;
esac
-- rollout.yaml --
apiVersion: tenter/v1
kind: Rollout
metadata: {name: careful}
spec:
  gates:
    - {bgp: true}
    - {lldp: true}
  soak: 1s
-- change.yaml --
apiVersion: tenter/v1
kind: Config
metadata: {name: change}
spec:
  devices: {names: [leaf1]}
  dialect: openconfig
  priority: 10
  leaves:
    - {path: "/interfaces/interface[name=Loopback0]/config/description", value: v0}
`

// TestKilledInEachStep kills real processes, in a loop over the steps of a run.
func TestKilledInEachStep(t *testing.T) {
	script := killedHead
	for i, s := range stalls {
		script += s.section(i + 1)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "killed.txtar"), []byte(script+killedTail), 0o600); err != nil {
		t.Fatal(err)
	}
	runScripts(t, fabrics{scripts: dir, named: "testdata", root: root})
}
