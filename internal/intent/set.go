package intent

import (
	"cmp"
	"slices"
)

// A Set is all documents of one fabric, by kind and then by name.
type Set struct {
	Fabric           *Fabric // nil only in a Set that came with errors
	Devices          []*Device
	Vrfs             []*Vrf
	Vlans            []*Vlan
	Ports            []*Port
	BgpPeers         []*BgpPeer
	RoutePolicies    []*RoutePolicy
	Systems          []*System
	Configs          []*Config
	Scopes           []*Scope
	DriftPolicies    []*DriftPolicy
	ApprovalPolicies []*ApprovalPolicy
	Windows          []*Window
	Schedules        []*Schedule
	Rollouts         []*Rollout

	fabrics []*Fabric
	all     []*Document                    // in the order of files and lines
	carries map[string]map[DeviceName]bool // by Vlan: where ports carry it
}

// The roles of devices, values of the label role.
const (
	RoleSpine = "spine"
	RoleLeaf  = "leaf"
)

// Role returns the label role of a device.
func Role(d *Device) string { return d.Labels["role"] }

// index sorts everything by name.
func (s *Set) index() {
	if len(s.fabrics) > 0 {
		s.Fabric = s.fabrics[0]
	}
	sortDocs(s.Devices)
	sortDocs(s.Vrfs)
	sortDocs(s.Vlans)
	sortDocs(s.Ports)
	sortDocs(s.BgpPeers)
	sortDocs(s.RoutePolicies)
	sortDocs(s.Systems)
	sortDocs(s.Configs)
	sortDocs(s.Scopes)
	sortDocs(s.DriftPolicies)
	sortDocs(s.ApprovalPolicies)
	sortDocs(s.Windows)
	sortDocs(s.Schedules)
	sortDocs(s.Rollouts)
	s.indexPorts()
}

func sortDocs[S any](docs []*Doc[S]) {
	slices.SortStableFunc(docs, func(a, b *Doc[S]) int { return cmp.Compare(a.Name, b.Name) })
}

// Select returns the devices that a selector chooses, by name. A nil or empty selector chooses all.
func (s *Set) Select(sel *Selector) []*Device {
	var out []*Device
	for _, d := range s.Devices {
		if sel == nil || sel.matches(d) {
			out = append(out, d)
		}
	}
	return out
}

func (sel *Selector) matches(d *Device) bool {
	if len(sel.Names) > 0 && !slices.Contains(sel.Names, DeviceName(d.Name)) {
		return false
	}
	for k, v := range sel.Labels {
		if d.Labels[k] != v {
			return false
		}
	}
	return true
}

// find returns the document with the name, nil if there is none.
func find[S any](docs []*Doc[S], name string) *Doc[S] {
	i, ok := slices.BinarySearchFunc(docs, name, func(d *Doc[S], n string) int { return cmp.Compare(d.Name, n) })
	if !ok {
		return nil
	}
	return docs[i]
}

func names[S any](docs []*Doc[S]) []string {
	out := make([]string, len(docs))
	for i, d := range docs {
		out[i] = d.Name
	}
	return out
}
