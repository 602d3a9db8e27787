package property

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tenter-net/tenter/internal/cli"
)

// asTenter makes this binary the program.
const asTenter = "PROPERTY_AS_TENTER"

var (
	oneSeed = flag.Uint64("seed", 0, "play this seed only")
	more    = flag.Int("seeds", 0, "play so many seeds from the time of day")
	moves   = flag.Int("moves", 25, "things that happen in each")
)

func TestMain(m *testing.M) {
	if os.Getenv(asTenter) != "" {
		os.Exit(cli.Run(os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}
	os.Exit(m.Run())
}

// TestPolicyHolds plays a few games that are the same every time as far as chance goes; how far the server gets between two
// moves is never the same.
func TestPolicyHolds(t *testing.T) {
	seeds := []uint64{1, 2, 3}
	switch {
	case *oneSeed > 0:
		seeds = []uint64{*oneSeed}
	case *more > 0:
		seeds = nil
		for first := uint64(time.Now().UnixNano() % 1_000_000); len(seeds) < *more; first++ {
			seeds = append(seeds, first)
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, seed)
			w.play(*moves)
			w.calm()
			w.settle()
			w.untouched()
			w.audit()
		})
	}
}
