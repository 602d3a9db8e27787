package plan

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// generated returns a device's tree of about n leaves in interfaces with subinterfaces, and another in which about one leaf
// of a hundred differs.
func generated(tb testing.TB, table *tree.Table, n int) (want, have *tree.Tree) {
	tb.Helper()
	all, other := tree.NewBuilder(table), tree.NewBuilder(table)
	config := func(p path.Path, name string) path.Path {
		return p.Append(path.Elem{Name: "config"}, path.Elem{Name: name})
	}
	count, described := 0, 0
	set := func(p path.Path, v schema.Value) {
		l := tree.Leaf{Path: p, Value: v}
		if err := all.Set(l); err != nil {
			tb.Fatal(err)
		}
		count++
		if p.Elems[len(p.Elems)-1].Name == "description" { // a third of the leaves
			if described++; described%33 == 0 {
				l.Value = "sother"
			}
		}
		if err := other.Set(l); err != nil {
			tb.Fatal(err)
		}
	}
	top := path.Path{Origin: path.OpenConfig, Elems: []path.Elem{{Name: "interfaces"}}}
	for i := 0; count < n; i++ {
		name := fmt.Sprintf("Ethernet%d", i)
		at := top.Append(path.Elem{Name: "interface", Keys: []path.Key{{Name: "name", Value: name}}})
		set(config(at, "name"), schema.StringValue(name))
		set(config(at, "description"), "sto somewhere")
		set(config(at, "mtu"), "i9000")
		for j := range 10 {
			sub := at.Append(path.Elem{Name: "subinterfaces"}, path.Elem{Name: "subinterface", Keys: []path.Key{{Name: "index", Value: fmt.Sprint(j)}}})
			set(config(sub, "index"), schema.Value(fmt.Sprintf("i%d", j)))
			set(config(sub, "description"), "scustomer")
			set(config(sub, "enabled"), "btrue")
		}
	}
	return all.Build(), other.Build()
}

// BenchmarkCompute plans a device of 42,000 leaves with about one percent different.
func BenchmarkCompute(b *testing.B) {
	roots := openConfigRoots()
	table := tree.NewTable(roots)
	want, have := generated(b, table, 42_000)
	in := Input{Device: "leaf1", Roots: roots, Secrets: NewSecrets(testKey, nil), Desired: want, Applied: want, Observed: have}
	b.ReportAllocs()
	changes := 0
	for b.Loop() {
		changes = len(Compute(in).Plan.Changes)
	}
	if changes != want.Len()/99 {
		b.Fatal(changes, "changes")
	}
	b.ReportMetric(float64(want.Len())*float64(b.N)/b.Elapsed().Seconds(), "leaves/s")
	b.ReportMetric(float64(changes), "changes")
}

// BenchmarkComputeDeletes takes away everything that a device of 42,000 leaves has, list entry by list entry.
func BenchmarkComputeDeletes(b *testing.B) {
	roots := openConfigRoots()
	table := tree.NewTable(roots)
	_, have := generated(b, table, 42_000)
	in := Input{Device: "leaf1", Roots: roots, Secrets: NewSecrets(testKey, nil), Observed: have}
	in.Scope = addScope(b, in.Scope, "/interfaces", fabric.Own)
	for b.Loop() {
		if r := Compute(in); len(r.Edit.Deletes) == 0 {
			b.Fatal("nothing is deleted")
		}
	}
}

// BenchmarkComputeFabric plans a fabric of devices of 10,000 leaves each, with about one percent different, on all processors, as
// many at once as there are. The budget is 250 ms for 1,000 devices, so 250 µs a device.
func BenchmarkComputeFabric(b *testing.B) {
	const devices = 100
	roots := openConfigRoots()
	inputs := make([]Input, devices)
	for i := range inputs {
		want, have := generated(b, tree.NewTable(roots), 10_000)
		inputs[i] = Input{Device: "leaf1", Roots: roots, Secrets: NewSecrets(testKey, nil), Desired: want, Applied: want, Observed: have}
	}
	b.ReportAllocs()
	for b.Loop() {
		var next atomic.Int64
		var all sync.WaitGroup
		for range runtime.GOMAXPROCS(0) {
			all.Go(func() {
				for i := next.Add(1); i <= devices; i = next.Add(1) {
					if r := Compute(inputs[i-1]); len(r.Plan.Changes) == 0 {
						b.Error("no changes")
					}
				}
			})
		}
		all.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/devices, "µs/device")
}
