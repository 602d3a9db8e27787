package sim

import (
	"context"
	"strings"
	"testing"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func (f *testFabric) control(line string) string {
	f.t.Helper()
	out, err := Control(timeout(f.t), f.opts.Dir, line)
	if err != nil {
		f.t.Fatalf("control %q: %v", line, err)
	}
	return out
}

func TestFaultsOfSet(t *testing.T) {
	f := start(t, Options{Faults: []string{"leaf1 refuse-set once"}})
	c, ctx := f.raw("leaf1")
	for _, tc := range []struct {
		fault   string
		want    codes.Code
		applied bool
	}{
		{"", codes.Aborted, false}, // set by Options
		{"", codes.OK, true},
		{"fail-after-set once", codes.Internal, true},
		{"ignore-set once", codes.OK, false},
		{"hang-set once", codes.Canceled, false},
		{"hang-after-set once", codes.Canceled, true},
		{"delay-set 1h once", codes.Canceled, false},
		{"refuse-set 2", codes.Aborted, false},
		{"", codes.Aborted, false},
		{"", codes.OK, true},
	} {
		if tc.fault != "" {
			f.control("leaf1 " + tc.fault)
		}
		value := "after " + tc.fault
		want := get(t, c, ctx, banner)
		if tc.applied {
			want = `"` + value + `"`
		}
		set, giveUp := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() {
			_, err := c.Set(set, updates(banner, `"`+value+`"`))
			ended <- err
		}()
		if tc.want == codes.Canceled { // it would never end: once the fault has struck and what it leaves is there
			waitFor(t, tc.fault, func() bool {
				return f.control("leaf1") == "" && get(t, c, ctx, banner) == want
			})
			giveUp()
		}
		wantCode(t, <-ended, tc.want, "")
		giveUp()
		if got := get(t, c, ctx, banner); got != want {
			t.Errorf("%s: got %s, want %s", tc.fault, got, want)
		}
	}
}

// TestHeld: what is held goes on when it is let go, and not before; what comes after that is held again, if it is to be.
func TestHeld(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	for fault, call := range map[string]func() error{
		"hold-set": func() error {
			_, err := c.Set(ctx, updates(banner, `"held"`))
			return err
		},
		"hold-get": func() error {
			_, err := c.Get(ctx, &gpb.GetRequest{})
			return err
		},
	} {
		f.control("leaf1 " + fault)
		ended := make(chan error, 1)
		for _, release := range []string{" next", " off"} {
			go func() { ended <- call() }()
			waitFor(t, fault, func() bool { return f.control("leaf1") == fault+" (holds 1)" })
			f.control("leaf1 no-once off") // another fault's end lets nothing go
			select {
			case err := <-ended:
				t.Errorf("%s: it went on by itself: %v", fault, err)
			default:
			}
			f.control("leaf1 " + fault + release)
			if err := <-ended; err != nil {
				t.Errorf("%s%s: %v", fault, release, err)
			}
		}
	}
	if got := get(t, c, ctx, banner); got != `"held"` {
		t.Errorf("what was held and let go is %s", got)
	}
}

func waitFor(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !cond(); time.Sleep(5 * time.Millisecond) { // the pause between two looks
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within a minute", what)
		}
	}
}

func TestPartialSet(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	f.control("leaf1 partial-set once")
	mustSet(t, c, ctx, updates(port49+"/config", `{"description":"d","mtu":1500,"enabled":true}`))
	got := get(t, c, ctx, port49+"/config")
	if n := strings.Count(got, "openconfig-interfaces:"); n < 1 || n > 3 {
		t.Errorf("half of name, description, mtu and enabled came to be %s", got)
	}
}

func TestPartialSetLeavesNoDanglingReference(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	f.control("leaf1 partial-set once")
	req := updates("/network-instances/network-instance[name=a]/config/type", `"openconfig-network-instance-types:L3VRF"`)
	for _, port := range []string{"Ethernet1", "Ethernet2", "Ethernet3"} {
		req.Update = append(req.Update, updates(
			"/interfaces/interface[name="+port+"]/config/mtu", `1500`,
			"/network-instances/network-instance[name=a]/interfaces/interface[id="+port+"]/config/interface", `"`+port+`"`,
		).Update...)
	}
	mustSet(t, c, ctx, req)
	count := func() int {
		return subscribe(t, c, ctx, onChange("/interfaces/interface/config", "/network-instances")).synced()
	}
	first := count()
	mustSet(t, c, ctx, req) // what it runs is sound, so nothing stands in the way of the same again
	if second := count(); first >= second {
		t.Errorf("%d leaves at first and %d in the end: nothing was lost", first, second)
	}
}

func TestFaultsOfReading(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	list := func(mode gpb.SubscriptionList_Mode, sub gpb.SubscriptionMode) func(context.Context) error {
		return func(ctx context.Context) error {
			l := onChange("/system/config")
			l.Mode, l.Subscription[0].Mode = mode, sub
			_, err := subscribe(t, c, ctx, l).s.Recv()
			return err
		}
	}
	once, stream := gpb.SubscriptionList_ONCE, gpb.SubscriptionList_STREAM
	for fault, call := range map[string]func(context.Context) error{
		"no-get": func(ctx context.Context) error {
			_, err := c.Get(ctx, &gpb.GetRequest{})
			return err
		},
		"no-capabilities": func(ctx context.Context) error {
			_, err := c.Capabilities(ctx, &gpb.CapabilityRequest{})
			return err
		},
		"hang-get": func(ctx context.Context) error {
			_, err := c.Get(ctx, &gpb.GetRequest{})
			return err
		},
		"no-once":          list(once, 0),
		"hang-subscribe":   list(once, 0),
		"refuse-stream":    list(stream, gpb.SubscriptionMode_ON_CHANGE),
		"refuse-on-change": list(stream, gpb.SubscriptionMode_ON_CHANGE),
		"refuse-target":    list(stream, gpb.SubscriptionMode_TARGET_DEFINED),
		"refuse-sample":    list(stream, gpb.SubscriptionMode_SAMPLE),
		"no-sync":          list(stream, gpb.SubscriptionMode_ON_CHANGE),
	} {
		f.control("leaf1 " + fault)
		want, patience := codes.Unimplemented, time.Minute
		switch fault {
		case "refuse-on-change", "refuse-target", "refuse-sample":
			want = codes.InvalidArgument
		case "hang-get", "hang-subscribe", "no-sync":
			want, patience = codes.DeadlineExceeded, 200*time.Millisecond
		}
		short, cancel := context.WithTimeout(ctx, patience)
		if err := call(short); status.Code(err) != want {
			t.Errorf("%s: got %v, want %v", fault, err, want)
		}
		cancel()
		f.control("leaf1 " + fault + " off")
		if err := call(ctx); err != nil {
			t.Errorf("%s off: %v", fault, err)
		}
	}
}

func TestFaultsOfShowing(t *testing.T) {
	f := start(t, Options{})
	c, ctx := f.raw("leaf1")
	mustSet(t, c, ctx, updates(port49+"/config", `{"type":"iana-if-type:ethernetCsmacd"}`))
	f.control("leaf1 strip-prefixes")
	if got := get(t, c, ctx, port49+"/config/type"); got != `"ethernetCsmacd"` {
		t.Errorf("strip-prefixes: %s", got)
	}
	w := subscribe(t, c, ctx, onChange(port49+"/config"))
	w.synced()
	f.control("leaf1 echo-defaults")
	if got := lines(w.next()); len(got) == 0 || !strings.Contains(strings.Join(got, " "), "config/enabled true") {
		t.Errorf("echo-defaults: %v", got)
	}
	f.control("leaf1 clear")
	if got := lines(w.next()); len(got) == 0 || !strings.HasPrefix(got[0], "- ") {
		t.Errorf("echo-defaults ended: %v", got)
	}
	f.control("leaf1 atomic")
	mustSet(t, c, ctx, updates(port49+"/config/mtu", `1500`))
	if n := w.next(); !n.GetAtomic() || len(n.GetUpdate()) != 3 {
		t.Errorf("atomic: got %v", n)
	}
	f.control("leaf1 clear")
	f.control("leaf1 second-timestamps")
	mustSet(t, c, ctx, updates(port49+"/config/mtu", `1600`))
	if n := w.next(); n.GetTimestamp()%int64(time.Second) != 0 {
		t.Errorf("second-timestamps: %d", n.GetTimestamp())
	}
	f.control("leaf1 clear")
	f.control("leaf1 disorder")
	var stamps []int64
	for _, mtu := range []string{"1700", "1800", "1900"} {
		mustSet(t, c, ctx, updates(port49+"/config/mtu", mtu))
		stamps = append(stamps, w.next().GetTimestamp())
	}
	if stamps[0] < stamps[1] && stamps[1] < stamps[2] {
		t.Errorf("disorder: %v are in order", stamps)
	}
	f.control("leaf1 clear")
	f.control("leaf1 silent")
	mustSet(t, c, ctx, updates(port49+"/config/mtu", `2000`))
	f.control("leaf1 silent off")
	mustSet(t, c, ctx, updates(port49+"/config/mtu", `2100`))
	if got := lines(w.next()); len(got) != 1 || !strings.HasSuffix(got[0], " 2100") {
		t.Errorf("after silence: %v", got)
	}
}

func TestControlRefuses(t *testing.T) {
	f := start(t, Options{})
	for line, want := range map[string]string{
		"leaf9 reboot":          `no node "leaf9"`,
		"leaf1 dance":           "no such fault or command",
		"leaf1 refuse-set soon": "not once, off or a number",
		"leaf1 delay-set":       "needs a duration",
		"leaf1 silent once":     "has no count",
		"leaf1 unplug Ethernet": "no cable",
		"leaf1 reboot now":      "takes no arguments",
		"":                      "empty",
	} {
		if _, err := Control(timeout(t), f.opts.Dir, line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want %q", line, err, want)
		}
	}
	if out := f.control("help"); !strings.Contains(out, "drop-streams") {
		t.Errorf("help: %s", out)
	}
	f.control("leaf2 no-get 3")
	if out := f.control("faults"); !strings.Contains(out, "leaf2 has no-get (3 more)") {
		t.Errorf("faults: %s", out)
	}
}
