package fabric

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

// A living is a fabric whose tenants and hosts come and go: VLANs and ports by name, as text of their specs.
type living struct {
	rnd     *rand.Rand
	lead    int // lines before the first VLAN: where documents stand may change too
	mtu     int
	vlans   map[int]string
	carried map[int]string // by first port number: the VLANs on it
}

func (l *living) files() map[string][]byte {
	files := fabricText([]int{1, 2}, []int{1, 2, 3, 4, 5, 6, 7, 8}, 1)
	text := strings.Replace(string(files["made.yaml"]), "ipMtu: 9200", fmt.Sprint("ipMtu: ", l.mtu), 1)
	files["made.yaml"] = []byte(text)
	var b strings.Builder
	b.WriteString(strings.Repeat("#\n", l.lead))
	for _, id := range sortedKeys(l.vlans) {
		fmt.Fprintf(&b, "---\napiVersion: tenter/v1\nkind: Vlan\nmetadata: {name: w%d}\nspec: {vni: %d, %s}\n", id, 2000+id, l.vlans[id])
	}
	files["vlans.yaml"] = []byte(b.String())
	for _, p := range sortedKeys(l.carried) {
		leaf := 1 + p%8
		files[fmt.Sprintf("port%d.yaml", p)] = fmt.Appendf(nil,
			"apiVersion: tenter/v1\nkind: Port\nmetadata: {name: p%d}\nspec: {members: [\"leaf%d:%d\", \"leaf%d:%d\"], trunk: {vlans: [%s]}}\n",
			p, leaf, p, 1+leaf%8, p, l.carried[p])
	}
	return files
}

func sortedKeys(m map[int]string) []int {
	var keys []int
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// step changes something. What comes of it need not be valid.
func (l *living) step() {
	id := 100 + l.rnd.IntN(6)
	switch l.rnd.IntN(12) {
	case 0:
		delete(l.vlans, id)
	case 1:
		delete(l.carried, 10+l.rnd.IntN(5))
	case 2:
		l.lead = l.rnd.IntN(3)
	case 3:
		l.mtu = 9100 + l.rnd.IntN(2)
	case 4, 5, 6, 7:
		where := []string{"", ", devices: {fromPorts: true}", ", devices: {names: [leaf2, leaf3]}", ", devices: {names: [leaf7]}"}
		l.vlans[id] = fmt.Sprintf("id: %d, vrf: red, description: d%d, gateway: {mode: anycast, addresses: [10.200.%d.1/24]}%s",
			id+50*l.rnd.IntN(2), l.rnd.IntN(3), id, where[l.rnd.IntN(len(where))])
	default:
		var names []string
		for _, v := range sortedKeys(l.vlans) {
			if l.rnd.IntN(2) == 0 {
				names = append(names, fmt.Sprint("w", v))
			}
		}
		l.carried[10+l.rnd.IntN(5)] = strings.Join(append(names, "v0"), ", ")
	}
}

// Compiled from an earlier fabric, a fabric is as it is compiled from nothing, whatever changed in between; and what
// cannot have changed is not made again.
func TestAgainIsAsFromNothing(t *testing.T) {
	l := &living{rnd: rand.New(rand.NewPCG(7, 8)), mtu: 9100, vlans: map[int]string{}, carried: map[int]string{}}
	var before *Fabric
	same, rounds := 0, 0
	for n := range 200 {
		last := *l
		last.vlans, last.carried = maps.Clone(l.vlans), maps.Clone(l.carried)
		l.step()
		set, problems := intent.LoadFiles(l.files(), intent.Options{Commit: fmt.Sprint("c", n)})
		if problems.HasErrors() {
			l = &last
			continue
		}
		want, problems := Compile(set, nil)
		got, again := Compile(set, before)
		if d := cmp.Diff(problems, again); d != "" {
			t.Fatal(d)
		}
		if problems.HasErrors() {
			continue
		}
		if d := cmp.Diff(want, got, cmpopts.EquateComparable(netip.Addr{}, netip.Prefix{}), cmpopts.IgnoreUnexported(Fabric{}),
			cmpopts.IgnoreFields(tree.Source{}, "Commit")); d != "" {
			t.Fatalf("round %d: %s", n, d)
		}
		rounds++
		for i, d := range got.Devices {
			if before != nil && before.Devices[i] == d {
				same++
			}
		}
		before = got
	}
	if rounds < 80 || same < 4*rounds {
		t.Errorf("%d rounds kept %d devices", rounds, same)
	}
}

// A broken proof is found again where it broke, though nothing else is walked.
func TestAgainProvesRouteTargets(t *testing.T) {
	l := &living{mtu: 9100, vlans: map[int]string{100: "id: 100, routeTargets: {import: [\"65000:2100\"], export: [\"65000:2100\"]}, devices: {names: [leaf1, leaf2]}"}}
	load := func() *intent.Set {
		set, problems := intent.LoadFiles(l.files(), intent.Options{})
		if problems.HasErrors() {
			t.Fatal(problems.Text())
		}
		return set
	}
	before, problems := Compile(load(), nil)
	if problems.HasErrors() {
		t.Fatal(problems.Text())
	}
	l.vlans[100] = strings.Replace(l.vlans[100], "65000:2100", "65000:2101", 1)
	_, want := Compile(load(), nil)
	_, got := Compile(load(), before)
	if d := cmp.Diff(want, got); d != "" || !got.HasErrors() {
		t.Errorf("%s\n%s", got.Text(), d)
	}
}
