package wire_test

import (
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"

	"github.com/openconfig/gnmi/proto/gnmi"
	"github.com/openconfig/ygot/ygot"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/sim/oc"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

var sizes = []int{10_000, 100_000}

// perLeaf starts to measure in the unit of the budgets, and reports when it is called. Processor time is what the
// budgets mean; on a busy machine the clock says more.
func perLeaf(b *testing.B, leaves int) (report func()) {
	start := processorTime(b)
	return func() {
		used := processorTime(b) - start
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(leaves), "ns/leaf")
		b.ReportMetric(float64(used)/float64(b.N)/float64(leaves), "cpu-ns/leaf")
	}
}

func processorTime(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// snapshot is a leaf switch as a tree and as the JSON that a device would answer Get with.
func snapshot(b *testing.B, n int) (*tree.Table, *tree.Tree, []byte) {
	b.Helper()
	table := tree.NewTable(openConfig())
	t := leafSwitch(b, table, n)
	root := path.Path{Origin: path.OpenConfig}
	node, _ := table.Roots().Node(root)
	text, err := wire.JSON(node, root, slices.Collect(t.All()))
	if err != nil {
		b.Fatal(err)
	}
	return table, t, text
}

func BenchmarkSnapshotToTree(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, t, text := snapshot(b, n)
			d := wire.Decoder{Roots: openConfig()}
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			report := perLeaf(b, t.Len())
			for b.Loop() {
				table := tree.NewTable(d.Roots)
				build := tree.NewBuilder(table)
				if problems := d.Snapshot(build, path.Path{}, text); len(problems) > 0 {
					b.Fatal(problems)
				}
				if build.Build().Len() != t.Len() {
					b.Fatal("leaves are lost")
				}
			}
			report()
		})
	}
}

// BenchmarkDiff compares trees whose leaves are not the same, so that nothing is shared and every leaf is compared:
// one missing at the end, and one in a hundred missing.
func BenchmarkDiff(b *testing.B) {
	for _, n := range sizes {
		for _, step := range []int{n * 2, 100} {
			b.Run(fmt.Sprintf("%d/one-in-%d", n, step), func(b *testing.B) {
				_, t, _ := snapshot(b, n)
				edit, want := t.Builder(), 0
				for i := t.Len() - 1; i >= 0; i -= step {
					edit.Delete(t.At(i).Path)
					want++
				}
				other := edit.Build()
				report := perLeaf(b, t.Len())
				for b.Loop() {
					n := 0
					for range tree.Diff(t, other) {
						n++
					}
					if n != want {
						b.Fatal(n, want)
					}
				}
				report()
			})
		}
	}
}

func BenchmarkYgotUnmarshalAndDiff(b *testing.B) {
	n := sizes[0]
	_, t, text := snapshot(b, n)
	before := &oc.Device{}
	if err := oc.Unmarshal(text, before); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	report := perLeaf(b, t.Len())
	for b.Loop() {
		after := &oc.Device{}
		if err := oc.Unmarshal(text, after); err != nil {
			b.Fatal(err)
		}
		d, err := ygot.Diff(before, after)
		if err != nil || len(d.GetUpdate())+len(d.GetDelete()) > 0 {
			b.Fatal(d, err)
		}
	}
	report()
}

// heap returns the bytes in use after what make returns is all that is left.
func heap[T any](make func() T) (uint64, T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // pools let go of what they hold only now
	runtime.ReadMemStats(&before)
	v := make()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	return after.HeapAlloc - before.HeapAlloc, v
}

// BenchmarkMemory measures what desired and observed hold together, in step and with one leaf in a hundred different.
func BenchmarkMemory(b *testing.B) {
	for _, n := range sizes {
		for _, different := range []int{0, 1} {
			b.Run(fmt.Sprintf("%d/different=%d%%", n, different), func(b *testing.B) {
				roots := openConfig()
				_, t, text := snapshot(b, n)
				d := wire.Decoder{Roots: roots}
				var bytes uint64
				for b.Loop() {
					size, trees := heap(func() [2]*tree.Tree {
						table := tree.NewTable(roots)
						read := func() *tree.Builder {
							build := tree.NewBuilder(table)
							d.Snapshot(build, path.Path{}, text)
							return build
						}
						desired := read().Build()
						observed := read()
						for i := 0; i < different*desired.Len(); i += 100 {
							observed.Delete(desired.At(i).Path)
						}
						return [2]*tree.Tree{desired, observed.Build()}
					})
					bytes = size
					runtime.KeepAlive(trees)
				}
				b.ReportMetric(float64(bytes)/float64(t.Len()), "B/leaf")
			})
		}
	}
}

// BenchmarkYgotMemory measures the same two as generated structs.
func BenchmarkYgotMemory(b *testing.B) {
	_, t, text := snapshot(b, sizes[0])
	if err := oc.Unmarshal(text, &oc.Device{}); err != nil { // loads the schema, which is no part of a device
		b.Fatal(err)
	}
	var bytes uint64
	for b.Loop() {
		size, devices := heap(func() [2]*oc.Device {
			devices := [2]*oc.Device{{}, {}}
			for _, d := range devices {
				if err := oc.Unmarshal(text, d); err != nil {
					b.Fatal(err)
				}
			}
			return devices
		})
		bytes = size
		runtime.KeepAlive(devices)
	}
	b.ReportMetric(float64(bytes)/float64(t.Len()), "B/leaf")
}

func BenchmarkOneLeafNotification(b *testing.B) {
	d := wire.Decoder{Roots: openConfig()}
	n := &gnmi.Notification{Update: []*gnmi.Update{{
		Path: wire.ToPath(at(b, "/interfaces/interface[name=Ethernet1]/config/description")),
		Val:  &gnmi.TypedValue{Value: &gnmi.TypedValue_StringVal{StringVal: "changed"}},
	}}}
	b.ReportAllocs()
	for b.Loop() {
		if u := d.Notification(n); len(u.Leaves) != 1 {
			b.Fatal(u)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			_, t, text := snapshot(b, n)
			d := wire.Decoder{Roots: t.Table().Roots()}
			b.ReportAllocs()
			b.SetBytes(int64(len(text)))
			report := perLeaf(b, t.Len())
			for b.Loop() {
				if changes, problems := d.Check(t, path.Path{}, text); len(changes)+len(problems) > 0 {
					b.Fatal(changes, problems)
				}
			}
			report()
		})
	}
}
