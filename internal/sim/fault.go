package sim

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A Fault is one way in which a device misbehaves.
type Fault string

// The faults. Each lasts until it is turned off, or for a number of times where it is set with one; those that
// are a way of being take no number.
const (
	RefuseSet       Fault = "refuse-set"        // Set answers an error and applies nothing
	FailAfterSet    Fault = "fail-after-set"    // Set applies and answers an error
	IgnoreSet       Fault = "ignore-set"        // Set answers OK and applies nothing
	PartialSet      Fault = "partial-set"       // Set answers OK and applies half of its updates
	HangSet         Fault = "hang-set"          // Set applies nothing and never answers
	HangAfterSet    Fault = "hang-after-set"    // Set applies and never answers
	DelaySet        Fault = "delay-set"         // Set waits for a time first
	HoldSet         Fault = "hold-set"          // Set waits until this is turned off, and goes on then
	IgnoreCommit    Fault = "ignore-commit"     // the commit-confirmed extension is overlooked: every Set is for good
	RefuseSave      Fault = "refuse-save"       // saving to the startup configuration fails
	DelayGet        Fault = "delay-get"         // Get waits for a time first
	HangGet         Fault = "hang-get"          // Get never answers
	HoldGet         Fault = "hold-get"          // Get waits until this is turned off, and goes on then
	HangSubscribe   Fault = "hang-subscribe"    // Subscribe never answers
	NoGet           Fault = "no-get"            // Get is unimplemented
	NoCapabilities  Fault = "no-capabilities"   // Capabilities is unimplemented
	NoOnce          Fault = "no-once"           // Subscribe ONCE is unimplemented
	RefuseStream    Fault = "refuse-stream"     // Subscribe STREAM is unimplemented
	RefuseOnChange  Fault = "refuse-on-change"  // ON_CHANGE is refused
	RefuseTarget    Fault = "refuse-target"     // TARGET_DEFINED is refused
	RefuseSample    Fault = "refuse-sample"     // SAMPLE is refused
	Silent          Fault = "silent"            // ON_CHANGE streams say nothing after sync_response
	NoSync          Fault = "no-sync"           // streams say nothing at all, sync_response neither
	EchoDefaults    Fault = "echo-defaults"     // schema defaults are shown as configuration
	StripPrefixes   Fault = "strip-prefixes"    // identities are shown without their module
	SecondStamps    Fault = "second-timestamps" // timestamps have a resolution of one second
	DisorderStamps  Fault = "disorder"          // every second notification is dated a second back
	AtomicContainer Fault = "atomic"            // changes are sent as whole containers, atomic
	IgnoreConfirm   Fault = "ignore-confirm"    // a confirmation is answered OK and overlooked: the commit is taken back when its time is over
	HashSecrets     Fault = "hash-secrets"      // passwords are kept and shown encrypted, as another text each time that they are set
	Resalt          Fault = "resalt"            // the same, and every commit that changes anything makes another text of all of them
	Respell         Fault = "respell"           // descriptions are kept in lower case, without space around them
	BGPDown         Fault = "bgp-down"          // no BGP session of the device comes up
	LLDPSilent      Fault = "lldp-silent"       // the device hears no neighbour over LLDP
	RefuseNew       Fault = "refuse-new"        // the management path takes no new connection; those that stand stay
)

var allFaults = []Fault{
	RefuseSet, FailAfterSet, IgnoreSet, PartialSet, HangSet, HangAfterSet, DelaySet, HoldSet, IgnoreCommit, RefuseSave, DelayGet, HangGet, HoldGet,
	HangSubscribe, NoGet, NoCapabilities, NoOnce, RefuseStream, RefuseOnChange, RefuseTarget, RefuseSample, Silent, NoSync,
	EchoDefaults, StripPrefixes, SecondStamps, DisorderStamps, AtomicContainer, BGPDown, LLDPSilent, RefuseNew,
	IgnoreConfirm, HashSecrets, Resalt, Respell,
}

// lasting are the faults that are a way of being, not something that happens a number of times.
var lasting = []Fault{HoldSet, HoldGet, IgnoreCommit, Silent, NoSync, EchoDefaults, StripPrefixes, SecondStamps, DisorderStamps, AtomicContainer, BGPDown, LLDPSilent, RefuseNew, HashSecrets, Resalt, Respell}

// forever is the count of a fault that lasts until it is turned off.
const forever = -1

type setting struct {
	times int
	delay time.Duration
	next  bool // what is held goes on, and what comes then is held
}

// holds are the faults that hold calls.
var holds = []Fault{HoldSet, HoldGet}

// faults are those of one device.
type faults struct {
	mu   sync.Mutex
	set  map[Fault]setting
	kept map[Fault]*kept // what a fault holds
}

// kept are the calls that are let go together.
type kept struct {
	calls int
	ended chan struct{}
}

// parseSetting reads what follows a fault's name: nothing, "once", a number of times, "off", or for
// delay-set a duration, or for hold-set "next".
func parseSetting(f Fault, args []string) (setting, error) {
	s := setting{times: forever}
	delays := f == DelaySet || f == DelayGet
	if delays && len(args) > 0 && args[0] != "off" {
		d, err := time.ParseDuration(args[0])
		if err != nil {
			return s, err
		}
		s.delay, args = d, args[1:]
	} else if delays && len(args) == 0 {
		return s, fmt.Errorf("%s needs a duration", f)
	}
	switch {
	case len(args) == 0:
	case len(args) > 1:
		return s, fmt.Errorf("%s: too many words: %q", f, strings.Join(args, " "))
	case args[0] == "next" && slices.Contains(holds, f):
		s.next = true
	case args[0] != "off" && slices.Contains(lasting, f):
		return s, fmt.Errorf("%s lasts until it is turned off; it has no count", f)
	case args[0] == "once":
		s.times = 1
	case args[0] == "off":
		s.times = 0
	default:
		n, err := strconv.Atoi(args[0])
		if err != nil || n < 0 {
			return s, fmt.Errorf("%s: %q is not once, off or a number of times", f, args[0])
		}
		s.times = n
	}
	return s, nil
}

func (f *faults) put(name Fault, s setting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if s.times == 0 || s.next {
		f.letGoLocked(name)
	}
	if s.times == 0 {
		delete(f.set, name)
		return
	}
	if f.set == nil {
		f.set = map[Fault]setting{}
	}
	f.set[name] = s
}

// take tells whether the fault strikes now, and counts it.
func (f *faults) take(name Fault) (setting, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, ok := f.set[name]
	if !ok {
		return s, false
	}
	if s.times > 0 {
		s.times--
		f.set[name] = s
		if s.times == 0 {
			delete(f.set, name)
		}
	}
	return s, true
}

// strikes is take for faults without a duration.
func (f *faults) strikes(name Fault) bool {
	_, ok := f.take(name)
	return ok
}

// on tells whether the fault is set, without counting it.
func (f *faults) on(name Fault) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, ok := f.set[name]
	return ok
}

func (f *faults) clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.set = nil
	f.letGoLocked(holds...)
}

// letGoLocked has calls that the faults hold go on.
func (f *faults) letGoLocked(names ...Fault) {
	for _, name := range names {
		if k := f.kept[name]; k != nil {
			close(k.ended)
			delete(f.kept, name)
		}
	}
}

// hold waits until the fault is not set or lets go, or the caller has gone.
func (f *faults) hold(ctx context.Context, name Fault) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, on := f.set[name]; !on {
		return nil
	}
	k := f.kept[name]
	if k == nil {
		k = &kept{ended: make(chan struct{})}
		if f.kept == nil {
			f.kept = map[Fault]*kept{}
		}
		f.kept[name] = k
	}
	k.calls++
	defer func() { k.calls-- }()
	f.mu.Unlock()
	defer f.mu.Lock()
	select {
	case <-k.ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// names lists the faults that are set, with how often they still strike and how many calls they hold.
func (f *faults) names() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, name := range slices.Sorted(maps.Keys(f.set)) {
		text := string(name)
		if s := f.set[name]; s.times > 0 {
			text += fmt.Sprintf(" (%d more)", s.times)
		}
		if k := f.kept[name]; k != nil && k.calls > 0 {
			text += fmt.Sprintf(" (holds %d)", k.calls)
		}
		out = append(out, text)
	}
	return out
}

// hang waits until the caller has gone.
func hang(ctx context.Context) error {
	<-ctx.Done()
	return ctx.Err()
}
