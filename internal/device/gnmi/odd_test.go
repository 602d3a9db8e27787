package gnmi_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/prototext"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// An odd device answers by script. What it has no script for is unimplemented.
type odd struct {
	gpb.UnimplementedGNMIServer
	caps      *gpb.CapabilityResponse
	get       func(ctx context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error)
	set       func(ctx context.Context, req *gpb.SetRequest) error
	subscribe func(list *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error
	asked     func(req *gpb.SubscribeRequest)
	options   []grpc.ServerOption
}

func (o *odd) Capabilities(ctx context.Context, req *gpb.CapabilityRequest) (*gpb.CapabilityResponse, error) {
	if o.caps == nil {
		return o.UnimplementedGNMIServer.Capabilities(ctx, req)
	}
	return o.caps, nil
}

func (o *odd) Get(ctx context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
	if o.get == nil {
		return o.UnimplementedGNMIServer.Get(ctx, req)
	}
	return o.get(ctx, req)
}

func (o *odd) Set(ctx context.Context, req *gpb.SetRequest) (*gpb.SetResponse, error) {
	if o.set == nil {
		return o.UnimplementedGNMIServer.Set(ctx, req)
	}
	return &gpb.SetResponse{}, o.set(ctx, req)
}

func (o *odd) Subscribe(stream gpb.GNMI_SubscribeServer) error {
	if o.subscribe == nil {
		return o.UnimplementedGNMIServer.Subscribe(stream)
	}
	req, err := stream.Recv()
	if err != nil {
		return err
	}
	if o.asked != nil {
		o.asked(req)
	}
	return o.subscribe(req.GetSubscribe(), stream)
}

func (o *odd) serve(t *testing.T) gnmi.Config {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	srv := grpc.NewServer(append(o.options, grpc.MaxRecvMsgSize(64<<20))...)
	gpb.RegisterGNMIServer(srv, o)
	done := make(chan error, 1)
	go func() { done <- srv.Serve(lis) }()
	t.Cleanup(func() {
		srv.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	p := simProfile(t)
	p.Limits.Timeout = 10 * time.Second
	return gnmi.Config{
		Name: "odd1", Address: lis.Addr().String(), TLS: gnmi.TLS{Plaintext: true}, Profile: p, Table: tree.NewTable(roots), Log: zap.NewNop(),
	}
}

func notification(t testing.TB, text string) *gpb.Notification {
	t.Helper()
	n := &gpb.Notification{}
	if err := prototext.Unmarshal([]byte(text), n); err != nil {
		t.Fatal(err)
	}
	return n
}

// oneLeaf spells the description of Ethernet1 as different devices do.
var oneLeaf = map[string]string{
	"leaf, scalar, origin": `update { path { origin: "openconfig" elem { name: "interfaces" } elem { name: "interface" key { key: "name" value: "Ethernet1" } } elem { name: "config" } elem { name: "description" } } val { string_val: "x" } }`,
	"leaf, JSON":           `update { path { elem { name: "interfaces" } elem { name: "interface" key { key: "name" value: "Ethernet1" } } elem { name: "config" } elem { name: "description" } } val { json_val: "\"x\"" } }`,
	"module prefixes":      `update { path { elem { name: "openconfig-interfaces:interfaces" } elem { name: "interface" key { key: "name" value: "Ethernet1" } } elem { name: "config" } elem { name: "description" } } val { json_ietf_val: "\"x\"" } }`,
	"prefix":               `prefix { origin: "openconfig" target: "odd1" elem { name: "interfaces" } } update { path { elem { name: "interface" key { key: "name" value: "Ethernet1" } } elem { name: "config" } elem { name: "description" } } val { string_val: "x" } }`,
	"root document":        `update { path {} val { json_ietf_val: "{\"openconfig-interfaces:interfaces\":{\"interface\":[{\"name\":\"Ethernet1\",\"config\":{\"description\":\"x\"},\"state\":{\"description\":\"x\",\"counters\":{\"in-octets\":\"1\"}}}]}}" } }`,
	"no path at all":       `update { val { json_val: "{\"interfaces\":{\"interface\":[{\"name\":\"Ethernet1\",\"config\":{\"description\":\"x\"}}]}}" } }`,
	"one entry":            `update { path { elem { name: "interfaces" } elem { name: "interface" key { key: "name" value: "Ethernet1" } } } val { json_ietf_val: "{\"openconfig-interfaces:name\":\"Ethernet1\",\"openconfig-interfaces:config\":{\"description\":\"x\"}}" } }`,
	"whole list":           `update { path { elem { name: "interfaces" } elem { name: "interface" } } val { json_ietf_val: "[{\"name\":\"Ethernet1\",\"config\":{\"description\":\"x\"}}]" } }`,
}

const oddDesc = "/interfaces/interface[name=Ethernet1]/config/description"

func TestOddSpellings(t *testing.T) {
	for name, spelled := range oneLeaf {
		t.Run(name, func(t *testing.T) {
			o := &odd{
				get: func(context.Context, *gpb.GetRequest) (*gpb.GetResponse, error) {
					return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, spelled)}}, nil
				},
				subscribe: func(_ *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
					for _, r := range []*gpb.SubscribeResponse{
						{Response: &gpb.SubscribeResponse_Update{Update: notification(t, spelled)}},
						{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}},
					} {
						if err := stream.Send(r); err != nil {
							return err
						}
					}
					<-stream.Context().Done()
					return nil
				},
			}
			s := dial(t, o.serve(t))
			if got := value(t, s, oddDesc); got != "x" {
				t.Errorf("read %q", got)
			}
			w := watch(t, s, "/interfaces")
			u := w.until(t, isSync)
			if len(u) != 2 || !says(at(t, oddDesc), "x")(u[0]) {
				t.Errorf("streamed %+v", u)
			}
		})
	}
}

// TestEncodingChoice offers each set of encodings and looks at what is asked for.
func TestEncodingChoice(t *testing.T) {
	for name, tt := range map[string]struct {
		offered []gpb.Encoding
		takes   gpb.Encoding // any other one is refused
		asked   []gpb.Encoding
	}{
		"the profile's":     {[]gpb.Encoding{gpb.Encoding_JSON, gpb.Encoding_JSON_IETF}, gpb.Encoding_JSON_IETF, []gpb.Encoding{gpb.Encoding_JSON_IETF}},
		"JSON only":         {[]gpb.Encoding{gpb.Encoding_JSON, gpb.Encoding_ASCII}, gpb.Encoding_JSON, []gpb.Encoding{gpb.Encoding_JSON}},
		"PROTO only":        {[]gpb.Encoding{gpb.Encoding_PROTO}, gpb.Encoding_PROTO, []gpb.Encoding{gpb.Encoding_PROTO}},
		"says nothing":      {nil, gpb.Encoding_JSON, []gpb.Encoding{gpb.Encoding_JSON_IETF, gpb.Encoding_JSON}},
		"none that we know": {[]gpb.Encoding{gpb.Encoding_BYTES}, gpb.Encoding_JSON_IETF, []gpb.Encoding{gpb.Encoding_JSON_IETF}},
	} {
		t.Run(name, func(t *testing.T) {
			var asked []gpb.Encoding
			o := &odd{get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
				if asked = append(asked, req.GetEncoding()); req.GetEncoding() != tt.takes {
					return nil, status.Error(codes.Unimplemented, "encoding")
				}
				return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["leaf, scalar, origin"])}}, nil
			}}
			if tt.offered != nil {
				o.caps = &gpb.CapabilityResponse{SupportedEncodings: tt.offered}
			}
			if got := value(t, dial(t, o.serve(t)), oddDesc); got != "x" {
				t.Errorf("read %q", got)
			}
			if diff := cmp.Diff(tt.asked, asked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestStreamEncoding refuses PROTO streams, and TestOldGet the type CONFIG.
func TestStreamEncoding(t *testing.T) {
	o := &odd{subscribe: func(list *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
		if list.GetEncoding() != gpb.Encoding_JSON {
			return status.Error(codes.InvalidArgument, "encoding")
		}
		if err := stream.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}}); err != nil {
			return err
		}
		<-stream.Context().Done()
		return nil
	}}
	w := watch(t, dial(t, o.serve(t)), "/interfaces")
	w.until(t, isSync)
	if got := w.stage(t); got != "on_change" || len(w.stages) != 0 {
		t.Errorf("stage %s and %d more", got, len(w.stages))
	}
}

func TestOldGet(t *testing.T) {
	var asked int
	o := &odd{get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
		if asked++; req.GetType() != gpb.GetRequest_ALL {
			return nil, status.Error(codes.Unimplemented, "type")
		}
		return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["root document"])}}, nil
	}}
	s := dial(t, o.serve(t))
	for range 2 {
		if got := value(t, s, oddDesc); got != "x" {
			t.Errorf("read %q", got)
		}
	}
	if asked != 5 {
		t.Errorf("asked %d times: what worked is not remembered", asked)
	}
}

func TestSecretsAreScrubbed(t *testing.T) {
	o := &odd{set: func(ctx context.Context, req *gpb.SetRequest) error {
		md, _ := metadata.FromIncomingContext(ctx)
		return status.Errorf(codes.InvalidArgument, "%s may not set %s", md.Get("password")[0], req.GetUpdate()[0].GetVal().GetJsonIetfVal())
	}}
	cfg := o.serve(t)
	cfg.Password = text(password)
	bob := leaf(t, "/system/aaa/authentication/users/user[username=bob]/config/password", "geheim")
	err := dial(t, cfg).Set(t.Context(), update(bob), profile.SetOptions{})
	if kind(err) != fault.Refused || strings.Contains(err.Error(), password) || strings.Contains(err.Error(), "geheim") {
		t.Errorf("got %v", err)
	}
}

func TestNeitherGetNorOnce(t *testing.T) {
	_, _, err := dial(t, (&odd{}).serve(t)).Read(t.Context(), []path.Path{at(t, "/system")})
	if kind(err) != fault.Unsupported || !strings.Contains(err.Error(), "profile") {
		t.Errorf("got %v", err)
	}
}

// TestMissingPathsAreNoError is about devices that refuse a whole Get for one path that is not there.
func TestMissingPathsAreNoError(t *testing.T) {
	o := &odd{get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
		for _, p := range req.GetPath() {
			if p.GetElem()[0].GetName() != "interfaces" {
				return nil, status.Error(codes.NotFound, "no such path")
			}
		}
		return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["prefix"])}}, nil
	}}
	have, _, err := dial(t, o.serve(t)).Read(t.Context(), []path.Path{at(t, "/system"), at(t, "/interfaces"), at(t, "/lacp")})
	if err != nil || have.Len() != 1 {
		t.Errorf("%d leaves, %v", have.Len(), err)
	}
}

// TestRefusedPath: a device that takes one path at a time is asked so, and the one that it refuses is named.
func TestRefusedPath(t *testing.T) {
	o := &odd{get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
		if len(req.GetPath()) > 1 || req.GetPath()[0].GetElem()[0].GetName() == "lldp" {
			return nil, status.Error(codes.InvalidArgument, "not so")
		}
		return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["leaf, scalar, origin"])}}, nil
	}}
	s := dial(t, o.serve(t))
	if have, _, err := s.Read(t.Context(), []path.Path{at(t, "/system"), at(t, "/interfaces")}); err != nil || !have.Has(at(t, oddDesc)) {
		t.Errorf("one by one: %v", err)
	}
	_, _, err := s.Read(t.Context(), []path.Path{at(t, "/interfaces"), at(t, "/lldp")})
	if kind(err) != fault.Refused || !strings.Contains(err.Error(), "get: refused: /lldp: InvalidArgument: not so") {
		t.Errorf("the refused one: %v", err)
	}
}

// TestLargeAnswer: a device may say more at once than it takes, but not anything.
func TestLargeAnswer(t *testing.T) {
	size := 5 << 20
	o := &odd{get: func(context.Context, *gpb.GetRequest) (*gpb.GetResponse, error) {
		big := &gpb.Notification{Update: []*gpb.Update{{Val: &gpb.TypedValue{Value: &gpb.TypedValue_JsonIetfVal{JsonIetfVal: []byte(`{"x":"` + strings.Repeat("x", size) + `"}`)}}}}}
		return &gpb.GetResponse{Notification: []*gpb.Notification{big}}, nil
	}}
	s := dial(t, o.serve(t))
	if _, problems, err := s.Read(t.Context(), nil); err != nil || len(problems) != 1 {
		t.Errorf("more than the device takes: %v, %d problems", err, len(problems))
	}
	size = 65 << 20
	if _, _, err := s.Read(t.Context(), nil); kind(err) != fault.TooLarge || !strings.Contains(err.Error(), "raise the message size") {
		t.Errorf("over the limit: %v", err)
	}
}

func TestTarget(t *testing.T) {
	var asked string
	o := &odd{get: func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
		asked = req.GetPrefix().GetTarget()
		mine, other := notification(t, oneLeaf["prefix"]), notification(t, strings.Replace(oneLeaf["prefix"], "x\" }", "y\" }", 1))
		other.Prefix.Target = "odd2"
		return &gpb.GetResponse{Notification: []*gpb.Notification{mine, other}}, nil
	}}
	cfg := o.serve(t)
	cfg.Target = "odd1"
	core, logs := observer.New(zap.WarnLevel)
	cfg.Log = zap.New(core)
	s := dial(t, cfg)
	for range 3 {
		if got := value(t, s, oddDesc); got != "x" || asked != "odd1" {
			t.Errorf("read %q of target %q", got, asked)
		}
	}
	told := logs.FilterMessageSnippet("another target").All()
	if len(told) != 1 {
		t.Fatalf("told %d times", len(told))
	}
	if said := told[0].ContextMap(); said["device"] != "odd1" || said["asked for"] != "odd1" || said["sent"] != "odd2" {
		t.Errorf("told %v", said)
	}
}

func TestSetsAreSerialised(t *testing.T) {
	entered, leave := make(chan struct{}, 2), make(chan struct{})
	o := &odd{set: func(ctx context.Context, _ *gpb.SetRequest) error {
		entered <- struct{}{}
		<-leave
		md, _ := metadata.FromIncomingContext(ctx)
		if got := strings.Join(append(md.Get("username"), md.Get("password")...), " "); got != "u p" {
			return status.Error(codes.Unauthenticated, got)
		}
		return nil
	}}
	cfg := o.serve(t)
	cfg.Username, cfg.Password = text("u"), text("p")
	s := dial(t, cfg)
	done := make(chan error, 2)
	for range 2 {
		go func() { done <- s.Set(t.Context(), update(leaf(t, oddDesc, "x")), profile.SetOptions{}) }()
	}
	<-entered
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Set(ctx, update(leaf(t, oddDesc, "x")), profile.SetOptions{}); kind(err) != fault.Unreachable {
		t.Errorf("a Set that never began: %v", err)
	}
	if len(entered) != 0 {
		t.Error("two Sets at once")
	}
	close(leave)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestSetOnABrokenConnectionIsLost(t *testing.T) {
	var srv *grpc.Server
	o := &odd{}
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	blocked := make(chan struct{})
	o.set = func(ctx context.Context, _ *gpb.SetRequest) error {
		close(blocked)
		<-ctx.Done()
		return ctx.Err()
	}
	srv = grpc.NewServer()
	gpb.RegisterGNMIServer(srv, o)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(lis) }()
	go func() { <-blocked; srv.Stop() }()
	s := dial(t, gnmi.Config{
		Name: "odd1", Address: lis.Addr().String(), TLS: gnmi.TLS{Plaintext: true}, Profile: simProfile(t), Table: tree.NewTable(roots), Log: zap.NewNop(),
	})
	if err := s.Set(t.Context(), update(leaf(t, oddDesc, "x")), profile.SetOptions{}); kind(err) != fault.Lost {
		t.Errorf("got %v", err)
	}
	if err := s.Set(t.Context(), update(leaf(t, oddDesc, "x")), profile.SetOptions{}); kind(err) != fault.Unreachable {
		t.Errorf("with nobody there: %v", err)
	}
	<-served
}

func TestStreamThatEndsBeforeItBegan(t *testing.T) {
	o := &odd{
		get:       func(context.Context, *gpb.GetRequest) (*gpb.GetResponse, error) { return &gpb.GetResponse{}, nil },
		subscribe: func(*gpb.SubscriptionList, gpb.GNMI_SubscribeServer) error { return nil },
	}
	w := watch(t, dial(t, o.serve(t)), "/interfaces")
	const why = " the device ended the stream before sync_response"
	for _, want := range []string{"on_change", "target_defined" + why, "sample" + why, "poll" + why} {
		if got := w.stage(t); got != want {
			t.Errorf("stage %q, want %q", got, want)
		}
	}
	w.until(t, isSync)
}

// TestStreamThatEndsLater: whatever the device says then, it took the subscription, and takes it again.
func TestStreamThatEndsLater(t *testing.T) {
	for _, why := range []codes.Code{codes.Internal, codes.Unimplemented, codes.FailedPrecondition, codes.Aborted} {
		o := &odd{subscribe: func(_ *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
			if err := stream.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}}); err != nil {
				return err
			}
			return status.Error(why, "the agent restarts")
		}}
		var stages []string
		err := dial(t, o.serve(t)).Watch(t.Context(), "", profile.WatchOptions{
			OnStage: func(r profile.Rung) { stages = append(stages, string(r.Stage)) },
		}, func(tree.Update) error { return nil })
		if kind(err) != fault.Lost || !strings.Contains(err.Error(), "the agent restarts") || len(stages) != 1 {
			t.Errorf("%s: stages %v, %v", why, stages, err)
		}
		if strings.Contains(err.Error(), "check the address") {
			t.Errorf("%s: %v, and its address is right", why, err)
		}
	}
}

func TestSyncTwice(t *testing.T) {
	const said = `update { path { elem { name: "interfaces" } elem { name: "interface" key { key: "name" value: "Ethernet1" } } elem { name: "config" } elem { name: "description" } } val { string_val: "x" } }`
	o := &odd{subscribe: func(_ *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
		sync := &gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}}
		update := &gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_Update{Update: notification(t, said)}}
		for _, r := range []*gpb.SubscribeResponse{sync, sync, update} {
			if err := stream.Send(r); err != nil {
				return err
			}
		}
		<-stream.Context().Done()
		return nil
	}}
	w := watch(t, dial(t, o.serve(t)), "/interfaces")
	syncs := 0
	for _, u := range w.until(t, says(at(t, oddDesc), "x")) {
		if u.Sync {
			syncs++
		}
	}
	if syncs != 1 {
		t.Errorf("%d ends of the snapshot", syncs)
	}
}

// TestFactsOfOthers: what a device sends unasked is not taken for what it is known by.
func TestFactsOfOthers(t *testing.T) {
	const (
		other   = `update { path { elem { name: "interfaces" } elem { name: "interface" key { key: "name" value: "Ethernet1" } } elem { name: "config" } elem { name: "description" } } val { string_val: "x" } }`
		version = `update { path { elem { name: "openconfig-system:system" } elem { name: "state" } elem { name: "software-version" } } val { string_val: "4.30" } }`
	)
	const (
		around = `update { path { elem { name: "system" } elem { name: "state" } } val { json_ietf_val: "{\"openconfig-system:hostname\":\"a\",\"openconfig-system:software-version\":\"4.31\"}" } }`
		beside = `update { path { elem { name: "system" } elem { name: "state" } } val { json_ietf_val: "{\"openconfig-system:hostname\":\"a\"}" } }`
	)
	for spelled, want := range map[string]string{other: "", other + version: "4.30", other + around: "4.31", beside: ""} {
		o := &odd{get: func(context.Context, *gpb.GetRequest) (*gpb.GetResponse, error) {
			return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, spelled)}}, nil
		}}
		facts, err := dial(t, o.serve(t)).Probe(t.Context())
		if err != nil || facts.SoftwareVersion != want || facts.Serial != "" {
			t.Errorf("facts %+v, %v; want version %q", facts, err, want)
		}
	}
}

func TestNoTLSWhereItIsExpected(t *testing.T) {
	cfg := (&odd{}).serve(t)
	cfg.TLS = gnmi.TLS{Pin: strings.Repeat("0", 64)}
	_, err := gnmi.Dial(t.Context(), cfg)
	if kind(err) != fault.Unreachable || !strings.Contains(err.Error(), "does not speak TLS on this port") {
		t.Errorf("got %v", err)
	}
}

func TestArbitration(t *testing.T) {
	var got uint64
	o := &odd{set: func(_ context.Context, req *gpb.SetRequest) error {
		for _, e := range req.GetExtension() {
			got = e.GetMasterArbitration().GetElectionId().GetLow()
		}
		return nil
	}}
	cfg := o.serve(t)
	for _, honoured := range []bool{false, true} {
		cfg.Profile.Arbitration = honoured
		if err := dial(t, cfg).Set(t.Context(), update(leaf(t, oddDesc, "x")), profile.SetOptions{Election: 7}); err != nil {
			t.Fatal(err)
		}
		if (got == 7) != honoured {
			t.Errorf("election id %d with arbitration %t", got, honoured)
		}
	}
}
