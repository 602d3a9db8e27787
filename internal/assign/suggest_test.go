package assign

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/tenter-net/tenter/internal/intent"
)

func names(n int) []intent.DeviceName {
	var out []intent.DeviceName
	for i := range n {
		out = append(out, intent.DeviceName(fmt.Sprintf("leaf%d", i+1)))
	}
	return out
}

func workers(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("host-%08x", i*7919))
	}
	return out
}

func shares(whose map[intent.DeviceName]string) map[string]int {
	out := map[string]int{}
	for _, w := range whose {
		out[w]++
	}
	return out
}

// TestSuggestIsBalanced gives nobody more than a quarter above the even share, and forgets no device.
func TestSuggestIsBalanced(t *testing.T) {
	for _, devices := range []int{0, 1, 2, 3, 10, 64, 1000} {
		for n := 1; n <= 9; n++ {
			whose := Suggest(names(devices), workers(n))
			if len(whose) != devices {
				t.Errorf("%d devices, %d workers: %d suggested", devices, n, len(whose))
			}
			for w, got := range shares(whose) {
				if most := max((devices+n-1)/n, devices*5/(4*n)); got > most {
					t.Errorf("%d devices, %d workers: %s gets %d, more than %d", devices, n, w, got, most)
				}
			}
		}
	}
	if got := Suggest(names(3), nil); len(got) != 0 {
		t.Errorf("nobody to serve, and suggested %v", got)
	}
}

// TestSuggestIsTheSameForAll whatever the order in which names come.
func TestSuggestIsTheSameForAll(t *testing.T) {
	devices, ws := names(100), workers(5)
	want := Suggest(devices, ws)
	for range 20 {
		rand.Shuffle(len(devices), func(i, j int) { devices[i], devices[j] = devices[j], devices[i] })
		rand.Shuffle(len(ws), func(i, j int) { ws[i], ws[j] = ws[j], ws[i] })
		if got := Suggest(devices, ws); !maps.Equal(got, want) {
			t.Fatal("the order of names matters")
		}
	}
}

// TestSuggestMovesLittle counts what a worker that joins or leaves makes move, besides what is, or was, its own.
func TestSuggestMovesLittle(t *testing.T) {
	devices := names(1000)
	for n := 2; n <= 8; n++ {
		ws := workers(n + 1)
		before, after := Suggest(devices, ws[:n]), Suggest(devices, ws)
		joined, others := 0, 0
		for _, d := range devices {
			switch {
			case before[d] == after[d]:
			case after[d] == ws[n]:
				joined++
			default:
				others++
			}
		}
		t.Logf("%d workers and one more: %d go to it, %d elsewhere", n, joined, others)
		if even := len(devices) / (n + 1); joined > even*5/4+1 || joined < even/2 {
			t.Errorf("%d workers and one more: it gets %d of %d", n, joined, len(devices))
		}
		if others > len(devices)/20 {
			t.Errorf("%d workers and one more: %d devices move between others", n, others)
		}
	}
}

// TestSuggestNewDevice: of a device that is added or removed the others hear nothing, but where somebody was full.
func TestSuggestNewDevice(t *testing.T) {
	devices, ws := names(200), workers(4)
	before, after := Suggest(devices, ws), Suggest(append(slices.Clone(devices), "spine9"), ws)
	moved := 0
	for _, d := range devices {
		if before[d] != after[d] {
			moved++
		}
	}
	if moved > 2 {
		t.Errorf("%d devices move for one that is new", moved)
	}
}

func BenchmarkSuggest(b *testing.B) {
	devices, ws := names(1000), workers(5)
	for b.Loop() {
		Suggest(devices, ws)
	}
	b.ReportMetric(float64(b.N*len(devices))/b.Elapsed().Seconds(), "devices/s")
}
