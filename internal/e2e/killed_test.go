package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A stall brings a run to a step of leaf1 and keeps it there, for the simulator to hold a request or the clock to run.
type stall struct {
	step   string
	before []string    // control lines of leaf1 before the run
	then   [][2]string // once leaf1 is at the step, the control line
	flags  string      // of apply
	after  string      // a line of the script once somebody drives the run again
}

// stalls are all steps in which something can be killed. The run has gates and a soak.
var stalls = []stall{
	{step: "check", before: []string{"delay-get 500ms"}},
	{step: "set", before: []string{"hang-set"}},
	{step: "verify", before: []string{"delay-set 1s once"}, then: [][2]string{{"set", "hang-get"}}},
	{step: "gates", then: [][2]string{{"soak", "hang-get"}}},
	{step: "soak"},
	{step: "await", flags: " --confirm manual --within 5m", after: "exec tenter run confirm $RUN\nstderr 'confirmed on leaf1'\n"},
	{step: "save", then: [][2]string{{"soak", "hang-set"}}},
	{step: "undo", then: [][2]string{{"soak", "lldp-silent"}, {"soak", "hang-set"}}},
	{step: "prove", then: [][2]string{{"soak", "lldp-silent"}, {"soak", "delay-set 2s once"}, {"undo", "hang-get"}}},
}

// section is the part of the script that kills the process in the nth stall.
func (s stall) section(n int) string {
	var b strings.Builder
	show := `sh -c 'tenter run show $(tenter run ls | grep -o "^run-[0-9a-f]*" | head -n 1)'`
	fmt.Fprintf(&b, "\n# Killed in %s.\nedit intents/change.yaml 'value: .*' 'value: v%d}'\nrm plan.json\nexec tenter plan --device leaf1 --out plan.json\n", s.step, n)
	for _, line := range s.before {
		fmt.Fprintf(&b, "exec tenter sim --dir sim control leaf1 %s\n", line)
	}
	fmt.Fprintf(&b, "! exec tenter apply plan.json%s &apply%d&\n", s.flags, n)
	for _, t := range s.then {
		fmt.Fprintf(&b, "until 25s stdout 'leaf1 +%s' %s\nexec tenter sim --dir sim control leaf1 %s\n", t[0], show, t[1])
	}
	fmt.Fprintf(&b, "until 25s stdout 'leaf1 +%s' %s\nkill apply%d\nwait apply%d\n", s.step, show, n, n)
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
-- rollout.yaml --
apiVersion: tenter/v1
kind: Rollout
metadata: {name: careful}
spec:
  gates:
    - {bgp: true}
    - {lldp: true}
  soak: 2s
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
