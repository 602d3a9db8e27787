package run

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/tree"
)

type deviceNames = []intent.DeviceName

// twoPairs is a fabric of two spines, which reflect routes, and two pairs of leaves that share LAGs.
func twoPairs(rollouts ...fabric.Rollout) *fabric.Fabric {
	f := &fabric.Fabric{Rollouts: rollouts}
	for _, n := range []string{"leaf1 leaf2", "leaf2 leaf1", "leaf3 leaf4", "leaf4 leaf3"} {
		name, other, _ := strings.Cut(n, " ")
		f.Devices = append(f.Devices, &fabric.Device{Name: intent.DeviceName(name), Role: intent.RoleLeaf, Multihomed: deviceNames{intent.DeviceName(other)}})
	}
	for _, n := range (deviceNames{"spine1", "spine2"}) {
		d := &fabric.Device{Name: n, Role: intent.RoleSpine}
		d.BGP = []fabric.BGP{{Groups: []fabric.PeerGroup{{PeerSettings: fabric.PeerSettings{ReflectTo: true}}}}}
		f.Devices = append(f.Devices, d)
	}
	return f
}

func at(line int) tree.Source { return tree.Source{File: "r.yaml", Line: line} }

// text is an order with a line for each thing that it says.
func (o Order) text() string {
	var b strings.Builder
	for _, s := range o.Stages {
		fmt.Fprintf(&b, "%v canary=%t parallel=%d pause=%s: %s\n", s.Devices, s.Canary, s.Parallel, s.Pause, s.Why)
	}
	for _, g := range o.Groups {
		fmt.Fprintf(&b, "%d of %v: %s\n", g.Together, g.Devices, g.Why)
	}
	fmt.Fprintf(&b, "failures %d %s\n", o.MaxFailures, o.OnFailure)
	return b.String()
}

func TestArrange(t *testing.T) {
	leaves, spines := deviceNames{"leaf1", "leaf2", "leaf3", "leaf4"}, deviceNames{"spine1", "spine2"}
	all := append(append(deviceNames{}, leaves...), spines...)
	one, two := 1, 2
	groups := "1 of [leaf1 leaf2]: they share multihomed LAGs\n1 of [leaf3 leaf4]: they share multihomed LAGs\n1 of [spine1 spine2]: one spine has to stay\n"
	tests := []struct {
		name     string
		rollouts []fabric.Rollout
		devices  deviceNames
		want     string
	}{
		{
			name: "no Rollout", devices: all,
			want: "[leaf1 leaf2 leaf3 leaf4 spine1 spine2] canary=false parallel=8 pause=0s: there is no Rollout\n" + groups + "failures 3 \n",
		},
		{
			name: "those with which a device shares something are named, changed or not", devices: deviceNames{"leaf1", "leaf3", "spine2"},
			want: "[leaf1 leaf3 spine2] canary=false parallel=8 pause=0s: there is no Rollout\n" + groups + "failures 3 \n",
		},
		{
			name: "canaries of all come first, then batches by size, then what is left", devices: all,
			rollouts: []fabric.Rollout{
				{
					Name: "a", Devices: leaves, Source: at(1), Canary: &fabric.RolloutPart{Devices: deviceNames{"leaf3"}, Source: at(2)},
					Batches: []fabric.RolloutPart{{Devices: leaves, Size: 2, Source: at(3)}}, Parallel: 2, Pause: time.Minute, MaxFailures: &two, OnFailure: "stop",
				},
				{Name: "b", Devices: deviceNames{"spine1"}, Source: at(9), Canary: &fabric.RolloutPart{Devices: all, Size: 1, Source: at(8)}, MaxFailures: &one, OnFailure: "rollback-all"},
			},
			want: "[leaf3] canary=true parallel=2 pause=1m0s: canary of Rollout a, r.yaml:2\n" +
				"[spine1] canary=true parallel=8 pause=0s: canary of Rollout b, r.yaml:8\n" +
				"[leaf1 leaf2] canary=false parallel=2 pause=1m0s: batch 1 of Rollout a, r.yaml:3\n" +
				"[leaf4] canary=false parallel=2 pause=1m0s: batch 1 of Rollout a, r.yaml:3\n" +
				"[spine2] canary=false parallel=8 pause=0s: no Rollout chooses them\n" + groups + "failures 1 rollback-all\n",
		},
		{
			name: "a canary on which nothing changes has a stand-in", devices: deviceNames{"leaf1", "leaf2"},
			rollouts: []fabric.Rollout{{Name: "a", Devices: leaves, Source: at(1), Canary: &fabric.RolloutPart{Devices: deviceNames{"leaf4"}, Source: at(2)}}},
			want: "[leaf1] canary=true parallel=8 pause=0s: canary of Rollout a, r.yaml:2; nothing changes on those that it names, so the first of the others goes alone\n" +
				"[leaf2] canary=false parallel=8 pause=0s: chosen by Rollout a, r.yaml:1\n1 of [leaf1 leaf2]: they share multihomed LAGs\nfailures 3 \n",
		},
		{
			name: "redundancy that is not wanted", devices: all, rollouts: []fabric.Rollout{{Name: "a", Devices: spines, Source: at(1), Together: true}},
			want: "[spine1 spine2] canary=false parallel=8 pause=0s: chosen by Rollout a, r.yaml:1\n" +
				"[leaf1 leaf2 leaf3 leaf4] canary=false parallel=8 pause=0s: no Rollout chooses them\n" +
				"1 of [leaf1 leaf2]: they share multihomed LAGs\n1 of [leaf3 leaf4]: they share multihomed LAGs\nfailures 3 \n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := Arrange(twoPairs(tt.rollouts...), tt.devices, Usual{Parallel: 8, MaxFailures: 3})
			if diff := cmp.Diff(tt.want, got.text()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCareOf(t *testing.T) {
	o := Order{Care: []Care{{Rollout: "a", Devices: deviceNames{"leaf1"}}, {Rollout: "b", Devices: deviceNames{"leaf2"}, Soak: time.Second}}}
	if c := o.CareOf("leaf2"); c.Rollout != "b" || c.Soak != time.Second {
		t.Errorf("%+v", c)
	}
	for _, c := range []Care{o.CareOf("leaf3"), (*Order)(nil).CareOf("leaf1")} {
		if c.Rollout != "" {
			t.Errorf("%+v", c)
		}
	}
}
