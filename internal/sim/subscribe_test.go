package sim

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
)

func TestOnChange(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	mustSet(t, c, ctx, updates(port49+"/config/description", `"before"`))
	w := subscribe(t, c, ctx, onChange("/interfaces/interface/config", "/interfaces/interface[name=Ethernet49]"))
	if w.synced() == 0 {
		t.Error("no snapshot before sync_response")
	}
	resp, err := c.Set(ctx, updates(port49+"/config/description", `"after"`, "/interfaces/interface[name=Ethernet7]/config/mtu", `1500`))
	if err != nil {
		t.Fatal(err)
	}
	n := w.next()
	want := []string{
		"/interfaces/interface[name=Ethernet7]/config/mtu 1500",
		"/interfaces/interface[name=Ethernet7]/config/name Ethernet7",
		"/interfaces/interface[name=Ethernet49]/config/description after",
		"/interfaces/interface[name=Ethernet49]/state/description after",
	}
	if diff := cmp.Diff(want, lines(n)); diff != "" {
		t.Error(diff)
	}
	if n.GetTimestamp() != resp.GetTimestamp() {
		t.Errorf("the notification is dated %d, the Set %d", n.GetTimestamp(), resp.GetTimestamp())
	}
	mustSet(t, c, ctx, &gpb.SetRequest{Delete: []*gpb.Path{gpath("/interfaces/interface[name=Ethernet7]")}})
	last := n.GetTimestamp()
	for { // oper-status of the new interface may come in between
		if n = w.next(); len(n.GetDelete()) > 0 {
			break
		}
	}
	if diff := cmp.Diff([]string{"- /interfaces/interface[name=Ethernet7]/config"}, lines(n)); diff != "" {
		t.Error(diff)
	}
	if n.GetTimestamp() <= last {
		t.Errorf("timestamps do not grow: %d after %d", n.GetTimestamp(), last)
	}
}

func TestUpdatesOnly(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	list := onChange("/system/config")
	list.UpdatesOnly = true
	w := subscribe(t, c, ctx, list)
	if n := w.synced(); n != 0 {
		t.Errorf("%d updates before sync_response", n)
	}
	mustSet(t, c, ctx, updates("/system/config/hostname", `"other"`))
	if diff := cmp.Diff([]string{"/system/config/hostname other"}, lines(w.next())); diff != "" {
		t.Error(diff)
	}
}

func TestOnceAndPoll(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	list := onChange("/system/config")
	list.Mode = gpb.SubscriptionList_ONCE
	w := subscribe(t, c, ctx, list)
	if n := w.synced(); n != 1 {
		t.Errorf("ONCE: %d updates, want the hostname", n)
	}
	if _, err := w.s.Recv(); err == nil {
		t.Error("ONCE goes on after sync_response")
	}
	list.Mode = gpb.SubscriptionList_POLL
	w = subscribe(t, c, ctx, list)
	w.synced()
	mustSet(t, c, ctx, updates("/system/config/login-banner", `"hello"`))
	if err := w.s.Send(&gpb.SubscribeRequest{Request: &gpb.SubscribeRequest_Poll{Poll: &gpb.Poll{}}}); err != nil {
		t.Fatal(err)
	}
	if n := w.synced(); n != 2 {
		t.Errorf("POLL: %d updates, want hostname and banner", n)
	}
}

func TestSample(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	list := onChange("/system/config")
	list.Subscription[0].Mode = gpb.SubscriptionMode_SAMPLE
	list.Subscription[0].SampleInterval = uint64(100 * time.Millisecond)
	w := subscribe(t, c, ctx, list)
	w.synced()
	for range 2 {
		if diff := cmp.Diff([]string{"/system/config/hostname leaf1"}, lines(w.next())); diff != "" {
			t.Error(diff)
		}
	}
	list.Subscription[0].SuppressRedundant = true
	list.Subscription[0].HeartbeatInterval = uint64(400 * time.Millisecond)
	began := time.Now()
	w = subscribe(t, c, ctx, list)
	w.synced()
	w.next()
	if waited := time.Since(began); waited < 300*time.Millisecond {
		t.Errorf("a redundant sample came after %v, want none before the heartbeat", waited)
	}
}

func TestHeartbeatOfOnChange(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	list := onChange("/system/config")
	list.Subscription[0].Mode = gpb.SubscriptionMode_TARGET_DEFINED
	list.Subscription[0].HeartbeatInterval = uint64(150 * time.Millisecond)
	w := subscribe(t, c, ctx, list)
	w.synced()
	if diff := cmp.Diff([]string{"/system/config/hostname leaf1"}, lines(w.next())); diff != "" {
		t.Error(diff)
	}
}

func TestSubscribeRefuses(t *testing.T) {
	c, ctx := start(t, Options{}).raw("leaf1")
	bad := onChange("/interfaces/interfax")
	encoding := onChange("/system")
	encoding.Encoding = gpb.Encoding_ASCII
	for name, tc := range map[string]struct {
		list *gpb.SubscriptionList
		want codes.Code
	}{
		"unknown path":     {bad, codes.InvalidArgument},
		"nothing":          {&gpb.SubscriptionList{}, codes.InvalidArgument},
		"unknown encoding": {encoding, codes.Unimplemented},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := subscribe(t, c, ctx, tc.list).s.Recv()
			wantCode(t, err, tc.want, "")
		})
	}
}

func TestStateOfTheFabricIsStreamed(t *testing.T) {
	f := start(t, Options{})
	spine, ctx := f.raw("spine1")
	w := subscribe(t, spine, ctx, onChange("/interfaces/interface[name=Ethernet1]/state/oper-status"))
	w.synced()
	leaf, ctx := f.raw("leaf1")
	mustSet(t, leaf, ctx, updates(port49+"/config/enabled", `false`))
	for {
		got := lines(w.next())
		if cmp.Equal(got, []string{"/interfaces/interface[name=Ethernet1]/state/oper-status DOWN"}) {
			return
		}
	}
}
