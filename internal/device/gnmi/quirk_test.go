package gnmi_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gpb "github.com/openconfig/gnmi/proto/gnmi"
	extpb "github.com/openconfig/gnmi/proto/gnmi_ext"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// What a profile says of requests is seen by the device.
func TestQuirksOfRequests(t *testing.T) {
	var read *gpb.GetRequest
	var wrote *gpb.SetRequest
	o := &odd{
		get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
			read = req
			return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["module prefixes"])}}, nil
		},
		set: func(_ context.Context, req *gpb.SetRequest) error { wrote = req; return nil },
	}
	cfg := o.serve(t)
	cfg.Profile.Target = "OC-YANG"
	cfg.Profile.Origins = []profile.Origin{{Schema: "openconfig", Wire: "oc", Qualified: true}}
	cfg.Profile.Everything.Get = profile.BreadthContainers
	s := dial(t, cfg)

	have, problems, err := s.Read(t.Context(), nil)
	if err != nil || len(problems) > 0 || have.Len() == 0 {
		t.Fatalf("read %d leaves, %v, %v", have.Len(), problems, err)
	}
	var asked []string
	for _, p := range read.GetPath() {
		if len(p.GetElem()) != 1 || p.GetOrigin() != "oc" {
			t.Errorf("asked for %v", p)
			continue
		}
		asked = append(asked, p.GetElem()[0].GetName())
	}
	for _, want := range []string{"openconfig-interfaces:interfaces", "openconfig-network-instance:network-instances", "openconfig-system:system"} {
		if !slices.Contains(asked, want) {
			t.Errorf("%s was not asked for, but %v", want, asked)
		}
	}
	if got := read.GetPrefix().GetTarget(); got != "OC-YANG" {
		t.Errorf("target %q", got)
	}

	if err := s.Set(t.Context(), update(leaf(t, oddDesc, "x")), profile.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	got := wrote.GetUpdate()[0].GetPath()
	if got.GetOrigin() != "oc" || got.GetElem()[0].GetName() != "openconfig-interfaces:interfaces" || got.GetElem()[1].GetName() != "interface" {
		t.Errorf("wrote at %v", got)
	}
	if got := wrote.GetPrefix().GetTarget(); got != "OC-YANG" {
		t.Errorf("target %q", got)
	}
}

func TestConfigSubscription(t *testing.T) {
	for _, has := range []bool{false, true} {
		var asked *gpb.SubscribeRequest
		o := &odd{
			asked: func(req *gpb.SubscribeRequest) { asked = req },
			subscribe: func(_ *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
				if err := stream.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}}); err != nil {
					return err
				}
				<-stream.Context().Done()
				return nil
			},
		}
		cfg := o.serve(t)
		cfg.Profile.Watch.ConfigSubscription = has
		w := watch(t, dial(t, cfg))
		w.until(t, isSync)
		got := slices.ContainsFunc(asked.GetExtension(), func(e *extpb.Extension) bool { return e.GetConfigSubscription().GetStart() != nil })
		if got != has {
			t.Errorf("extensions %v of a profile that says %v", asked.GetExtension(), has)
		}
	}
}

func TestMaxCalls(t *testing.T) {
	entered, leave := make(chan struct{}, 3), make(chan struct{})
	o := &odd{get: func(context.Context, *gpb.GetRequest) (*gpb.GetResponse, error) {
		entered <- struct{}{}
		<-leave
		return &gpb.GetResponse{}, nil
	}}
	cfg := o.serve(t)
	cfg.Profile.Limits.MaxCalls = 2
	s := dial(t, cfg)
	done := make(chan error, 2)
	for range 2 {
		go func() { _, _, err := s.Read(t.Context(), nil); done <- err }()
	}
	<-entered
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, _, err := s.Read(ctx, nil); kind(err) != fault.Unreachable || !strings.Contains(err.Error(), "2 calls are still under way") {
		t.Errorf("a third call: %v", err)
	}
	close(leave)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	if _, _, err := s.Read(t.Context(), nil); err != nil {
		t.Errorf("when the others have ended: %v", err)
	}
}

func TestMaxOperations(t *testing.T) {
	cfg := (&odd{set: func(context.Context, *gpb.SetRequest) error { return nil }}).serve(t)
	cfg.Profile.Limits.MaxOperations = 1
	s := dial(t, cfg)
	one, two := leaf(t, oddDesc, "x"), leaf(t, strings.Replace(oddDesc, "Ethernet1", "Ethernet2", 1), "x")
	if err := s.Set(t.Context(), update(one), profile.SetOptions{}); err != nil {
		t.Error(err)
	}
	if err := s.Set(t.Context(), tree.Edit{Updates: []tree.Leaf{one, two}}, profile.SetOptions{}); kind(err) != fault.TooLarge {
		t.Errorf("two paths where one is the most: %v", err)
	}
}

// What is too big for one Set goes as several where the profile says so, each within the limits and in order.
func TestPhases(t *testing.T) {
	var got []*gpb.SetRequest
	cfg := (&odd{set: func(_ context.Context, req *gpb.SetRequest) error {
		got = append(got, req)
		if len(got) == 5 { // the second phase of the second Set
			return status.Error(codes.InvalidArgument, "no more")
		}
		return nil
	}}).serve(t)
	cfg.Profile.Phasing = profile.PhasingSplit
	cfg.Profile.Limits.MaxMessage = 64 << 10
	cfg.Profile.Limits.MaxOperations = 3
	s := dial(t, cfg)
	port := func(n int) string { return strings.Replace(oddDesc, "Ethernet1", fmt.Sprint("Ethernet", n), 1) }
	edit := tree.Edit{Deletes: []path.Path{at(t, port(1)), at(t, port(2)), at(t, port(3)), at(t, port(4))}}
	for n := 5; n < 9; n++ {
		edit.Updates = append(edit.Updates, leaf(t, port(n), strings.Repeat("x", 30<<10)))
	}
	if n, err := s.Phases(t.Context(), edit); n != 3 || err != nil || len(got) > 0 {
		t.Errorf("%d phases, %v, %d sent", n, err, len(got))
	}
	if err := s.Set(t.Context(), edit, profile.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	var shape []string
	for _, r := range got {
		shape = append(shape, fmt.Sprintf("-%d+%d", len(r.GetDelete()), len(r.GetUpdate())))
		if proto.Size(r) > 64<<10 || len(r.GetDelete())+len(r.GetUpdate()) > 3 {
			t.Errorf("a phase of %d bytes", proto.Size(r))
		}
	}
	if want := []string{"-3+0", "-1+2", "-0+2"}; !slices.Equal(shape, want) {
		t.Errorf("phases %v, want %v", shape, want)
	}
	if err := s.Set(t.Context(), edit, profile.SetOptions{}); kind(err) != fault.Refused || !strings.Contains(err.Error(), "phase 2 of 3: ") || len(got) != 5 {
		t.Errorf("a phase that is refused ends the Set: %v after %d", err, len(got))
	}

	huge := tree.Edit{Updates: []tree.Leaf{leaf(t, oddDesc, strings.Repeat("x", 65<<10))}}
	if n, err := s.Phases(t.Context(), huge); kind(err) != fault.TooLarge || n != 0 {
		t.Errorf("one value that is too big alone: %d, %v", n, err)
	}
	cfg.Profile.Phasing = profile.PhasingNone
	if n, err := s.Phases(t.Context(), edit); kind(err) != fault.TooLarge || n != 0 || !strings.Contains(err.Error(), "and the device takes 65536 (limits.maxMessage") {
		t.Errorf("where nothing may be split: %d, %v", n, err)
	}
}

// Before the second phase nothing was sent of it, but of the Set something was: nobody may take it for not sent.
func TestLaterPhaseIsNeverUnsent(t *testing.T) {
	sets := 0
	cfg := (&odd{set: func(context.Context, *gpb.SetRequest) error {
		if sets++; sets == 2 {
			return status.Error(codes.ResourceExhausted, "grpc: received message larger than max (2 vs. 1)")
		}
		return nil
	}}).serve(t)
	cfg.Profile.Phasing, cfg.Profile.Limits.MaxOperations = profile.PhasingSplit, 1
	one, two := leaf(t, oddDesc, "x"), leaf(t, strings.Replace(oddDesc, "Ethernet1", "Ethernet2", 1), "x")
	err := dial(t, cfg).Set(t.Context(), tree.Edit{Updates: []tree.Leaf{one, two}}, profile.SetOptions{})
	if kind(err) != fault.Lost || !strings.HasPrefix(err.Error(), "phase 2 of 2: ") {
		t.Errorf("got %v", err)
	}
}

// Phases may be cut anywhere: what is referred to goes first, in other lists and in the same one, and lists before what
// is in them. The device tells otherwise: the simulator checks references after each Set.
func TestPhasesKeepReferences(t *testing.T) {
	f := simulate(t)
	cfg := f.config("leaf1")
	p := *cfg.Profile
	p.Phasing, p.Limits.MaxOperations = profile.PhasingSplit, 2
	cfg.Profile = &p
	s := dial(t, cfg)
	const red = "/network-instances/network-instance[name=red]"
	edit := update(
		leaf(t, "/interfaces/interface[name=Ethernet7]/config/name", "Ethernet7"),
		leaf(t, "/interfaces/interface[name=Ethernet7]/config/type", "iana-if-type:ethernetCsmacd"),
		leaf(t, "/interfaces/interface[name=Ethernet7]/ethernet/config/aggregate-id", "Port-Channel30"),
		leaf(t, "/interfaces/interface[name=Port-Channel30]/config/name", "Port-Channel30"),
		leaf(t, "/interfaces/interface[name=Port-Channel30]/config/type", "iana-if-type:ieee8023adLag"),
		leaf(t, red+"/config/name", "red"),
		leaf(t, red+"/config/type", "openconfig-network-instance-types:L3VRF"),
		leaf(t, red+"/inter-instance-policies/apply-policy/config/import-policy", []any{"in"}),
		leaf(t, "/routing-policy/policy-definitions/policy-definition[name=in]/config/name", "in"),
	)
	if n, err := s.Phases(t.Context(), edit); n < 5 || err != nil {
		t.Errorf("%d phases, %v", n, err)
	}
	if err := s.Set(t.Context(), edit, profile.SetOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, l := range edit.Updates {
		if got := value(t, s, l.Path.String()); got == "" {
			t.Errorf("%s is not there", l.Path)
		}
	}
}

// An error names the phase, and never what is secret in it.
func TestSecretsOfPhases(t *testing.T) {
	cfg := (&odd{set: func(_ context.Context, req *gpb.SetRequest) error {
		return status.Errorf(codes.InvalidArgument, "no %s", req.GetUpdate()[0].GetVal().GetJsonIetfVal())
	}}).serve(t)
	cfg.Profile.Phasing, cfg.Profile.Limits.MaxOperations = profile.PhasingSplit, 1
	user := "/system/aaa/authentication/users/user[username=bob]/config/"
	err := dial(t, cfg).Set(t.Context(), update(leaf(t, user+"password", "geheim"), leaf(t, user+"username", "bob")), profile.SetOptions{})
	if err == nil || !strings.HasPrefix(err.Error(), "phase 1 of 2: ") || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}
