package property

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/sim/hand"
	"github.com/tenter-net/tenter/internal/view"
)

// services are the part of the intents that chance changes.
type services struct {
	vlans map[int]bool // of those that there may be
	ports []string     // descriptions of the leaves' ports, which are in the first VLAN
}

const mostVlans = 4

func firstServices() services {
	return services{vlans: map[int]bool{0: true, 1: true}, ports: []string{"one", "two", "three", "four"}}
}

// declare writes the services into the intents.
func (w *world) declare() {
	w.Helper()
	var b strings.Builder
	for n := range mostVlans {
		if w.intent.vlans[n] {
			fmt.Fprintf(&b, "apiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: vlan%d}\nspec: {id: %d, vni: %d, vrf: red, devices: {labels: {role: leaf}}, "+
				"gateway: {mode: anycast, addresses: [10.4%d.0.1/24]}}\n---\n", n, 40+n, 10040+n, n)
		}
	}
	for i, text := range w.intent.ports {
		fmt.Fprintf(&b, "apiVersion: tenter/v1\nkind: Port\nmetadata: {name: port%d}\nspec: {description: %s, members: [\"leaf%d:1\"], access: {vlan: vlan0}}\n---\n", i+1, text, i+1)
	}
	file := filepath.Join(w.dir, "intents", "services.yaml")
	w.must(os.WriteFile(file+".new", []byte(strings.TrimSuffix(b.String(), "---\n")), 0o600))
	w.must(os.Rename(file+".new", file))
}

// Where strangers edit. What is uplinked is the intents' on every leaf, what is foreign nobody's.
const (
	uplink  = "/interfaces/interface[name=Ethernet49]/config/description"
	foreign = "/interfaces/interface[name=Ethernet30]"
)

// steps are what may happen, each as often as it is here.
var steps = []func(*world){
	(*world).describe, (*world).describe, (*world).changeVlans,
	(*world).strangerDescribes, (*world).strangerDescribes, (*world).strangerDescribes, (*world).strangerForgets,
	(*world).strangerAddsVlan, (*world).strangerElsewhere, (*world).strangerElsewhere,
	(*world).misbehave, (*world).misbehave, (*world).misbehave, (*world).lose, (*world).reboot, (*world).crash, (*world).approve,
}

// play has chance do so many things.
func (w *world) play(n int) {
	for range n {
		steps[w.chance.IntN(len(steps))](w)
		if w.chance.IntN(3) == 0 { // else the next comes at once
			w.rest()
		}
	}
}

// rest lets the server go on for a while: how far it gets is part of the game.
func (w *world) rest() {
	d := time.Duration(w.chance.IntN(600)) * time.Millisecond
	w.note("rest %v", d)
	select {
	case <-time.After(d):
	case <-w.Context().Done():
	}
}

func (w *world) describe() {
	i := w.chance.IntN(len(w.intent.ports))
	w.intent.ports[i] = fmt.Sprintf("text%d", w.chance.IntN(1000))
	w.note("intent: port%d is described as %s", i+1, w.intent.ports[i])
	w.declare()
}

func (w *world) changeVlans() {
	n := 1 + w.chance.IntN(mostVlans-1)
	w.intent.vlans[n] = !w.intent.vlans[n]
	w.note("intent: vlan%d is %v", n, w.intent.vlans[n])
	w.declare()
}

func (w *world) any() string { return devices[w.chance.IntN(len(devices))] }

// anyLeaf is where a stranger goes: in every second game not to the device that is held, which is then as it was, all of it.
func (w *world) anyLeaf() string {
	leaves := []string{enforced, proposed, observed, held}
	if w.spared {
		leaves = leaves[:3]
	}
	return leaves[w.chance.IntN(len(leaves))]
}

// strangerDescribes changes what the intents say.
func (w *world) strangerDescribes() {
	device, text := w.anyLeaf(), fmt.Sprintf("mine%d", w.chance.IntN(1000))
	w.edit(device, uplink, hand.Edit{Path: uplink, Value: text})
}

// strangerForgets deletes what the intents say.
func (w *world) strangerForgets() { w.edit(w.anyLeaf(), uplink, hand.Edit{Path: uplink, Delete: true}) }

// strangerAddsVlan adds what only the intents may, for the VLANs of leaves are Tenter's own.
func (w *world) strangerAddsVlan() {
	n := 600 + w.chance.IntN(3)
	path := fmt.Sprintf("/network-instances/network-instance[name=mac-vrf-vlan0]/vlans/vlan[vlan-id=%d]", n)
	w.edit(w.anyLeaf(), path+"/config/name", hand.Edit{Path: path + "/config", Value: map[string]any{
		"openconfig-network-instance:vlan-id": n, "openconfig-network-instance:name": "rogue",
	}})
}

// strangerElsewhere changes what is nobody's.
func (w *world) strangerElsewhere() {
	text := fmt.Sprintf("theirs%d", w.chance.IntN(1000))
	w.edit(w.anyLeaf(), foreign+"/config/description", hand.Edit{Path: foreign + "/config", Value: map[string]any{
		"openconfig-interfaces:name": "Ethernet30", "openconfig-interfaces:type": "iana-if-type:ethernetCsmacd", "openconfig-interfaces:description": text,
	}})
}

// edit has a stranger edit a device. Where nobody is to touch that, what came of it is remembered.
func (w *world) edit(device, path string, e hand.Edit) {
	ctx, cancel := context.WithTimeout(w.Context(), time.Second)
	defer cancel()
	err := w.hands[device].Set(ctx, e)
	w.note("%s: a stranger sets %s to %v: %v", device, e.Path, e.Value, err)
	if !strings.HasPrefix(path, foreign) && device != observed && device != held {
		return
	}
	text, err := w.get(device, path) // a device that answers OK may have done nothing
	if err != nil {
		w.note("%s: and cannot read it: %v", device, err)
		delete(w.edits, edit{device, path}) // nobody knows what came of it
		w.edits[edit{device, path}] = unknown
		return
	}
	w.edits[edit{device, path}] = text
}

// unknown is what a stranger set that got no answer.
const unknown = "?"

var misdeeds = []string{
	"refuse-set once", "fail-after-set once", "ignore-set once", "partial-set once", "hang-after-set once", "hang-set once",
	"delay-set 300ms once", "drop-streams", "hang-get once",
}

// misbehave has a device of Tenter's do something wrong the next time.
func (w *world) misbehave() {
	device, deed := w.any(), misdeeds[w.chance.IntN(len(misdeeds))]
	if device == held && strings.Contains(deed, "-set") {
		device = enforced // there only strangers would meet it
	}
	w.note("%s: %s", device, deed)
	w.control(device + " " + deed)
}

// lose has a device be away for a while, in one way or the other.
func (w *world) lose() {
	device, ways := w.any(), [][2]string{{"cut", "restore"}, {"blackhole", "restore"}, {"off", "on"}}
	way := ways[w.chance.IntN(len(ways))]
	w.note("%s: %s", device, way[0])
	w.control(device + " " + way[0])
	if way[0] == "off" {
		w.unsaved(device)
	}
	w.rest()
	w.note("%s: %s", device, way[1])
	w.control(device + " " + way[1])
}

// reboot has a device begin again with what it has saved.
func (w *world) reboot() {
	device := w.any()
	w.note("%s: reboot", device)
	w.control(device + " reboot")
	w.unsaved(device)
}

// unsaved forgets what strangers have set: they save nothing, and it went with the power.
func (w *world) unsaved(device string) {
	for at := range w.edits {
		if at.device == device {
			delete(w.edits, at)
		}
	}
}

// approve has somebody approve a plan that waits, which may be of no use by now.
func (w *world) approve() {
	plans, err := ask[[]view.Plan](w, "plan", "ls")
	if err == nil && len(plans) > 0 {
		id := plans[w.chance.IntN(len(plans))].ID
		_, err = w.try("plan", "approve", id)
		w.note("somebody approves %s", id)
	}
	if err != nil {
		w.note("which did not work: %v", err)
	}
}

// crash kills the server and starts it again, after a while.
func (w *world) crash() {
	w.note("the server is killed")
	w.kill()
	if w.chance.IntN(2) == 0 {
		w.rest()
	}
	w.serve()
}

// calm ends everything that chance has begun.
func (w *world) calm() {
	for _, d := range slices.Sorted(slices.Values(devices)) {
		w.control(d + " clear")
		w.control(d + " restore")
		w.control(d + " on")
	}
}
