package render_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/render"
)

// written makes the files of a fabric: leaves on two spines, 230 VLANs with gateways on each, and 20 trunk ports. Four
// leaves have one more VLAN, of the given description.
func written(leaves int, description string) map[string][]byte {
	files := map[string][]byte{}
	var b strings.Builder
	add := func(file, doc string, args ...any) {
		fmt.Fprintf(&b, doc, args...)
		files[file] = append(files[file], b.String()...)
		b.Reset()
	}
	add("fabric.yaml", `apiVersion: tenter/v1
kind: Fabric
metadata: {name: large}
spec:
  sizing: {maxSpines: 4, maxLeaves: 1024, maxParallel: 2}
  underlay: {protocol: ebgp, links: 10.0.0.0/16, ipMtu: 9200, l2Mtu: 9214, bfd: {tx: 300ms, rx: 300ms, multiplier: 3}}
  asn: {spine: 65100, leafBase: 4200000000}
  loopbacks: {router: 10.1.0.0/20, vtep: 10.2.0.0/20}
  overlay: {protocol: ibgp, asn: 65000, reflectors: {role: spine}, routeTarget: "65000:{vni}", routeDistinguisher: "{router-id}:{evi}"}
  anycastMac: "00:1c:73:00:00:01"
  links:
`)
	device := func(role string, id int) {
		add("devices.yaml", "---\napiVersion: tenter/v1\nkind: Device\nmetadata: {name: %s%d, labels: {role: %s}}\nspec: {id: %d, dialect: openconfig, "+
			"profile: openconfig-sim, address: \"%s%d.example.net:9339\", credentials: lab, tls: lab}\n", role, id, role, id, role, id)
	}
	for s := 1; s <= 2; s++ {
		device("spine", s)
		for l := 1; l <= leaves; l++ {
			add("fabric.yaml", "    - {a: \"spine%d:%d\", b: \"leaf%d:%d\"}\n", s, l, l, 48+s)
		}
	}
	add("vlans.yaml", "apiVersion: tenter/v1\nkind: Vrf\nmetadata: {name: red}\nspec: {vni: 50000}\n")
	var names []string
	for v := 2; v < 232; v++ {
		names = append(names, fmt.Sprint("v", v))
		add("vlans.yaml", "---\napiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: v%d}\nspec: {id: %d, vni: %d, vrf: red, description: VLAN %d, "+
			"gateway: {mode: anycast, addresses: [10.40.%d.1/24, \"2001:db8:%x::1/64\"]}, devices: {labels: {role: leaf}}}\n", v, v, 10000+v, v, v, v)
	}
	for l := 1; l <= leaves; l++ {
		device("leaf", l)
		for p := 1; p <= 20; p++ {
			add(fmt.Sprint("ports", l/100, ".yaml"), "---\napiVersion: tenter/v1\nkind: Port\nmetadata: {name: p%d-%d}\nspec: {description: server %d, "+
				"members: [\"leaf%d:%d\"], trunk: {vlans: [%s]}}\n", l, p, p, l, p, strings.Join(names[p:p+20], ", "))
		}
	}
	add("local.yaml", "apiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: local}\nspec: {id: 500, vni: 10500, vrf: red, description: %s, "+
		"gateway: {mode: anycast, addresses: [10.41.0.1/24]}, devices: {names: [leaf1, leaf2, leaf3, leaf4]}}\n", description)
	return files
}

// A works compiles files to leaves, and takes the time of each part.
type works struct {
	compiler             *render.Compiler
	before               *fabric.Fabric
	files, models, trees time.Duration
}

func (w *works) compile(b *testing.B, files map[string][]byte) {
	began := time.Now()
	set, d := intent.LoadFiles(files, intent.Options{})
	if d.HasErrors() {
		b.Fatal(d.Text())
	}
	loaded := time.Now()
	f, d := fabric.Compile(set, w.before)
	if d.HasErrors() {
		b.Fatal(d.Text())
	}
	modelled := time.Now()
	if _, d = w.compiler.Compile(f); d.HasErrors() {
		b.Fatal(d.Text())
	}
	w.before = f
	w.files, w.models, w.trees = w.files+loaded.Sub(began), w.models+modelled.Sub(loaded), w.trees+time.Since(modelled)
}

func (w *works) report(b *testing.B) {
	for unit, sum := range map[string]time.Duration{"ms-files": w.files, "ms-models": w.models, "ms-leaves": w.trees} {
		b.ReportMetric(float64(sum.Microseconds())/1000/float64(b.N), unit)
	}
}

// BenchmarkFabricChange compiles a fabric of 202 devices of which one VLAN on four has another description, from files
// to leaves. The budget is 100 ms for 1,000 devices, without the files.
func BenchmarkFabricChange(b *testing.B) {
	w := &works{compiler: render.NewCompiler(options(b))}
	states := []map[string][]byte{written(200, "before"), written(200, "after")}
	w.compile(b, states[0])
	w.files, w.models, w.trees = 0, 0, 0
	i := 0
	for b.Loop() {
		i++
		w.compile(b, states[i%2])
	}
	w.report(b)
}

// BenchmarkFabricWhole compiles a fabric of 1,002 devices and ten million leaves from nothing. The budget is 30 s.
func BenchmarkFabricWhole(b *testing.B) {
	files := written(1000, "before")
	w := &works{}
	for b.Loop() {
		w.compiler, w.before = render.NewCompiler(options(b)), nil
		w.compile(b, files)
	}
	w.report(b)
}
