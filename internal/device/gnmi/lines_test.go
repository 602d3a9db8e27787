package gnmi_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	gpb "github.com/openconfig/gnmi/proto/gnmi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/device/gnmi"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
	"github.com/tenter-net/tenter/schemas"
)

// A switch shows its configuration as text besides the tree that it has by path.
type lined struct {
	odd
	mu   sync.Mutex
	text string
	sets []*gpb.SetRequest
}

func (l *lined) shows(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = text
}

// dialLined dials a device with the profile of EOS that has one description by path.
func dialLined(t *testing.T, l *lined) *gnmi.Session {
	t.Helper()
	l.get = func(_ context.Context, req *gpb.GetRequest) (*gpb.GetResponse, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		p := req.GetPath()[0]
		if p.GetOrigin() != "cli" {
			return &gpb.GetResponse{Notification: []*gpb.Notification{notification(t, oneLeaf["leaf, scalar, origin"])}}, nil
		}
		if p.GetElem()[0].GetName() != "show running-config" || req.GetEncoding() != gpb.Encoding_ASCII {
			return nil, status.Errorf(codes.InvalidArgument, "no such command: %v", req)
		}
		if l.text == "" {
			return nil, status.Error(codes.Internal, "the command failed")
		}
		return &gpb.GetResponse{Notification: []*gpb.Notification{{Update: []*gpb.Update{{
			Path: p, Val: &gpb.TypedValue{Value: &gpb.TypedValue_AsciiVal{AsciiVal: l.text}},
		}}}}}, nil
	}
	l.set = func(_ context.Context, req *gpb.SetRequest) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.sets = append(l.sets, req)
		return nil
	}
	cfg := l.serve(t)
	profiles, err := profile.Load(nil)
	if err != nil {
		t.Fatal(err)
	}
	eos, err := profiles.Get("eos")
	if err != nil {
		t.Fatal(err)
	}
	p := *eos
	p.Limits.Timeout, p.Watch.PollInterval = 10*time.Second, 20*time.Millisecond
	cfg.Profile = &p
	cfg.Table = tree.NewTable(schema.NewRoots(map[string]*schema.Schema{"openconfig": schemas.EOS(), "cli": schemas.CLI()}))
	s, err := gnmi.Dial(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

const runningConfig = `! Command: show running-config
! device: leaf1 (DCS-7050CX3-32S, EOS-4.36.1F)
!
username admin privilege 15 role network-admin secret sha512 $6$abc
!
interface Port-Channel10
   description server-a bond0
   evpn ethernet-segment
      identifier 0002:0000:0000:0a00:0000
!
router bgp 65201
   neighbor 198.51.100.0 password 7 abc
   vrf red
      redistribute connected
!
end
`

func lines(found *tree.Tree) string {
	var b strings.Builder
	for l := range found.All() {
		fmt.Fprintln(&b, l.Path)
	}
	return b.String()
}

func TestReadLines(t *testing.T) {
	l := &lined{text: runningConfig}
	s := dialLined(t, l)
	for _, tt := range []struct {
		name     string
		prefixes []path.Path
		want     string
	}{
		{"everything", nil, `/interfaces/interface[name=Ethernet1]/config/description
cli:/line[text=interface Port-Channel10]/text
cli:/line[text=interface Port-Channel10]/line[text=description server-a bond0]/text
cli:/line[text=interface Port-Channel10]/line[text=evpn ethernet-segment]/text
cli:/line[text=interface Port-Channel10]/line[text=evpn ethernet-segment]/line[text=identifier 0002:0000:0000:0a00:0000]/text
cli:/line[text=router bgp 65201]/text
cli:/line[text=router bgp 65201]/line[text=vrf red]/text
cli:/line[text=router bgp 65201]/line[text=vrf red]/line[text=redistribute connected]/text
`},
		{"one block", []path.Path{blocks.Path("router bgp 65201", "vrf red")}, `cli:/line[text=router bgp 65201]/text
cli:/line[text=router bgp 65201]/line[text=vrf red]/text
cli:/line[text=router bgp 65201]/line[text=vrf red]/line[text=redistribute connected]/text
`},
		{"no line", []path.Path{{Origin: path.OpenConfig}}, "/interfaces/interface[name=Ethernet1]/config/description\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			found, problems, err := s.Read(context.Background(), tt.prefixes)
			if err != nil || len(problems) > 0 {
				t.Fatal(err, problems)
			}
			want := strings.Split(tt.want, "\n")
			got := strings.Split(lines(found), "\n")
			if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
				t.Error(diff)
			}
		})
	}
	l.shows("")
	var failed *fault.Error
	if _, _, err := s.Read(context.Background(), nil); !errors.As(err, &failed) {
		t.Errorf("a show command that fails: %v", err)
	}
}

func TestSetLines(t *testing.T) {
	mtu, err := path.Parse("/interfaces/interface[name=Ethernet1]/config/description")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := path.Parse("/interfaces/interface[name=Port-Channel10]")
	if err != nil {
		t.Fatal(err)
	}
	add := func(texts ...string) tree.Leaf {
		return tree.Leaf{Path: blocks.Path(texts...).Append(path.Elem{Name: "text"}), Value: schema.StringValue(texts[len(texts)-1])}
	}
	segment := blocks.Path("interface Port-Channel10", "evpn ethernet-segment")
	for _, tt := range []struct {
		name    string
		edit    tree.Edit
		paths   int // updates and deletes by path
		command string
	}{
		{"with a leaf", tree.Edit{Updates: []tree.Leaf{
			{Path: mtu, Value: schema.StringValue("x")},
			add("router bgp 65201", "vrf red", "redistribute connected"),
			add("router bgp 65201", "bgp cluster-id 10.1.0.1"),
		}}, 1, "router bgp 65201\nbgp cluster-id 10.1.0.1\nvrf red\nredistribute connected\nexit\nexit"},
		{
			"one line instead of another",
			tree.Edit{
				Deletes: []path.Path{segment.Append(blocks.Path("identifier 0002:0000:0000:0a00:0000").Elems...)},
				Updates: []tree.Leaf{add("interface Port-Channel10", "evpn ethernet-segment", "identifier 0002:0000:0000:0b00:0000")},
			},
			0, "interface Port-Channel10\nevpn ethernet-segment\nno identifier 0002:0000:0000:0a00:0000\nexit\nexit\ninterface Port-Channel10\nevpn ethernet-segment\nidentifier 0002:0000:0000:0b00:0000\nexit\nexit",
		},
		{"a block", tree.Edit{Deletes: []path.Path{segment}}, 0, "interface Port-Channel10\nno evpn ethernet-segment\nexit"},
		{"a block that is configured by path as well", tree.Edit{Deletes: []path.Path{blocks.Path("router bgp 65201")}}, 0, "router bgp 65201\nvrf red\nno redistribute connected\nexit\nexit"},
		{"such a block that is not there", tree.Edit{Deletes: []path.Path{blocks.Path("interface Vlan99")}}, 0, ""},
		{"a block in what the same request deletes", tree.Edit{Deletes: []path.Path{gone, segment}}, 1, "no interface Port-Channel10"},
		{"no line", tree.Edit{Updates: []tree.Leaf{{Path: mtu, Value: schema.StringValue("x")}}}, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l := &lined{text: runningConfig}
			s := dialLined(t, l)
			if err := s.Set(context.Background(), tt.edit, profile.SetOptions{}); err != nil {
				t.Fatal(err)
			}
			if len(l.sets) != 1 {
				t.Fatalf("%d requests", len(l.sets))
			}
			command, paths := "", len(l.sets[0].GetDelete())+len(l.sets[0].GetReplace())
			for i, u := range l.sets[0].GetUpdate() {
				if u.GetPath().GetOrigin() != "cli" {
					paths++
					continue
				}
				if i != len(l.sets[0].GetUpdate())-1 || len(u.GetPath().GetElem()) > 0 {
					t.Errorf("commands are update %d at %v", i, u.GetPath())
				}
				command = u.GetVal().GetAsciiVal()
			}
			if diff := cmp.Diff(tt.command, command); diff != "" || paths != tt.paths {
				t.Errorf("%d by path, want %d\n%s", paths, tt.paths, diff)
			}
		})
	}
}

// TestWatchLines streams what has paths and reads the lines beside it, before the first Sync and then again and again.
func TestWatchLines(t *testing.T) {
	l := &lined{text: runningConfig}
	l.subscribe = func(list *gpb.SubscriptionList, stream gpb.GNMI_SubscribeServer) error {
		for _, sub := range list.GetSubscription() {
			if sub.GetPath().GetOrigin() == "cli" {
				return status.Error(codes.InvalidArgument, "commands do not stream")
			}
		}
		if err := stream.Send(&gpb.SubscribeResponse{Response: &gpb.SubscribeResponse_SyncResponse{SyncResponse: true}}); err != nil {
			return err
		}
		<-stream.Context().Done()
		return nil
	}
	s := dialLined(t, l)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	segment := blocks.Path("interface Port-Channel10", "evpn ethernet-segment").Append(path.Elem{Name: "text"}).String()
	synced, changed := false, false
	err := s.Watch(ctx, "", profile.WatchOptions{}, func(u tree.Update) error {
		there := false
		for _, leaf := range u.Leaves {
			there = there || leaf.Path.String() == segment
		}
		switch {
		case u.Sync && !synced:
			t.Error("Sync came before the lines")
		case u.Sync:
			l.shows("interface Port-Channel10\n   description server-a bond0\n")
		case there:
			synced = true
		case synced && len(u.Deletes) == 1 && u.Deletes[0].Origin == "cli":
			changed = true
			l.shows("") // and now the command fails
		}
		return nil
	})
	var failed *fault.Error
	if !changed || !errors.As(err, &failed) {
		t.Errorf("changed %t, error %v", changed, err)
	}
}

// TestLinesWithoutBlock leaves out a block that is configured by path where nothing stands in it by line.
func TestLinesWithoutBlock(t *testing.T) {
	l := &lined{text: "interface Vlan40\n!\nrouter bgp 65201\n   vrf red\n   vrf blue\n      redistribute connected\n"}
	found, _, err := dialLined(t, l).Read(context.Background(), []path.Path{{Origin: blocks.Origin}})
	if err != nil {
		t.Fatal(err)
	}
	want := `cli:/line[text=router bgp 65201]/text
cli:/line[text=router bgp 65201]/line[text=vrf blue]/text
cli:/line[text=router bgp 65201]/line[text=vrf blue]/line[text=redistribute connected]/text
`
	got := strings.Split(lines(found), "\n")
	if diff := cmp.Diff(slices.Sorted(slices.Values(strings.Split(want, "\n"))), slices.Sorted(slices.Values(got))); diff != "" {
		t.Error(diff)
	}
}
