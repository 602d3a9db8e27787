package drift_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/drift"
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/internal/wire"
)

// ports makes the leaves of a switch with that many leaves in all, five on each port.
func ports(b *testing.B, n int) []tree.Leaf {
	leaves := make([]tree.Leaf, 0, n)
	for i := 0; len(leaves) < n; i++ {
		at := fmt.Sprintf("/interfaces/interface[name=Ethernet%d/%d]/config/", i/48, i%48)
		leaves = append(leaves, leaf(b, at+"name", fmt.Sprintf("Ethernet%d/%d", i/48, i%48)),
			leaf(b, at+"description", fmt.Sprintf("to server %d", i)), leaf(b, at+"mtu", fmt.Sprint(1500+i%3*3857)),
			leaf(b, at+"enabled", i%7 != 0), leaf(b, at+"type", "iana-if-type:ethernetCsmacd"))
	}
	return leaves[:n]
}

func watching(b *testing.B, n int) (*drift.State, *tree.Tree, []tree.Leaf) {
	leaves := ports(b, n)
	table := tree.NewTable(roots)
	d := build(b, table, leaves...)
	s := drift.New(table)
	s.Expect(drift.Expected{Desired: d, Owned: applied(d), Scope: func(path.Path) fabric.ScopeAction { return fabric.Own }})
	snapshot(s, leaves...)
	if len(s.Findings()) != 0 {
		b.Fatal("the benchmark's device drifts")
	}
	return s, d, leaves
}

// BenchmarkFold is the budget "one changed leaf to finding, any tree size, after decoding: at most 2 µs".
func BenchmarkFold(b *testing.B) {
	for _, n := range []int{1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("leaves=%d", n), func(b *testing.B) {
			s, _, leaves := watching(b, n)
			there := leaves[n/2/5*5+1]
			here := there
			here.Value = leaf(b, eth1Desc, "changed by hand").Value
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				u := tree.Update{Time: time.Unix(2000, int64(i)), Leaves: []tree.Leaf{here}}
				if i%2 == 1 {
					u.Leaves[0] = there
				}
				if f := s.Fold(u); len(f.Changed) != 1 {
					b.Fatal("no finding")
				}
			}
		})
	}
}

// BenchmarkFoldFromBytes is the budget "one changed leaf to finding, from message bytes: at most 8 µs".
func BenchmarkFoldFromBytes(b *testing.B) {
	const n = 10_000
	s, _, leaves := watching(b, n)
	there := leaves[n/2/5*5+1]
	var messages [2][]byte
	for i, v := range []string{"changed by hand", there.Value.Text()} {
		raw, err := proto.Marshal(&gnmi.SubscribeResponse{Response: &gnmi.SubscribeResponse_Update{Update: &gnmi.Notification{
			Timestamp: 2_000_000_000_000_000_001,
			Update:    []*gnmi.Update{{Path: wire.ToPath(there.Path), Val: &gnmi.TypedValue{Value: &gnmi.TypedValue_StringVal{StringVal: v}}}},
		}}})
		if err != nil {
			b.Fatal(err)
		}
		messages[i] = raw
	}
	decoder := wire.Decoder{Roots: roots}
	b.ReportAllocs()
	b.ResetTimer()
	for i := range b.N {
		var m gnmi.SubscribeResponse
		if err := proto.Unmarshal(messages[i%2], &m); err != nil {
			b.Fatal(err)
		}
		if f := s.Fold(decoder.Notification(m.GetUpdate())); len(f.Changed) != 1 {
			b.Fatal("no finding")
		}
	}
}

// BenchmarkSnapshot folds a whole device.
func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprintf("leaves=%d", n), func(b *testing.B) {
			s, _, leaves := watching(b, n)
			b.ResetTimer()
			for range b.N {
				snapshot(s, leaves...)
			}
			b.ReportMetric(float64(b.N)*float64(n)/b.Elapsed().Seconds(), "leaves/s")
		})
	}
}

// BenchmarkMemory is the budget "desired and observed together at most 32 bytes a leaf", with the tree and its table.
func BenchmarkMemory(b *testing.B) {
	const n = 100_000
	for range b.N {
		leaves := ports(b, n)
		before := heap()
		table := tree.NewTable(roots)
		d := build(b, table, leaves...)
		alone := heap()
		s := drift.New(table)
		s.Expect(drift.Expected{Desired: d, Owned: applied(d)})
		snapshot(s, leaves...)
		s.Expect(drift.Expected{Desired: d}) // what is applied came from the store, and is not the State's to keep
		after := heap()
		b.ReportMetric(float64(after-before)/n, "B/leaf")
		b.ReportMetric(float64(int64(after)-int64(alone))/n, "B/leaf-without-tree")
		runtime.KeepAlive(s)
		runtime.KeepAlive(leaves)
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
