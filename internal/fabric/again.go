package fabric

import (
	"reflect"
	"slices"

	"github.com/tenter-net/tenter/internal/intent"
)

// unconcerned returns the devices of an earlier Fabric that stay as they are. Only changes of Vlan and Port documents
// are followed to the devices that they concern, for these change daily; any other change may concern every device.
func unconcerned(before *Fabric, set *intent.Set) map[intent.DeviceName]*Device {
	if before == nil {
		return nil
	}
	old := before.set
	rest := set.Fabric.Same(old.Fabric.Document) && sameDocs(old.Devices, set.Devices) && sameDocs(old.Vrfs, set.Vrfs) &&
		sameDocs(old.BgpPeers, set.BgpPeers) && sameDocs(old.RoutePolicies, set.RoutePolicies) && sameDocs(old.Systems, set.Systems) &&
		sameDocs(old.Configs, set.Configs) && sameDocs(old.Scopes, set.Scopes) && sameDocs(old.DriftPolicies, set.DriftPolicies)
	if !rest {
		return nil
	}
	kept := make(map[intent.DeviceName]*Device, len(before.Devices))
	for _, d := range before.Devices {
		kept[d.Name] = d
	}
	for _, x := range []struct{ in, notIn *intent.Set }{{old, set}, {set, old}} {
		for _, v := range missing(x.in.Vlans, x.notIn.Vlans) { // wherever a port carries it, it is; the loader sees to that
			for _, d := range x.in.VlanDevices(v) {
				delete(kept, intent.DeviceName(d.Name))
			}
		}
		for _, p := range missing(x.in.Ports, x.notIn.Ports) {
			for _, m := range p.Spec.Members {
				delete(kept, m.Device)
			}
		}
	}
	return kept
}

// missing returns the documents of a that are not the same in b. Both are sorted by name.
func missing[S any](a, b []*intent.Doc[S]) (out []*intent.Doc[S]) {
	for _, x := range a {
		for len(b) > 0 && b[0].Name < x.Name {
			b = b[1:]
		}
		if len(b) == 0 || b[0].Name != x.Name || !x.Same(b[0].Document) {
			out = append(out, x)
		}
	}
	return out
}

// sameDocs reports whether two lists of documents are the same.
func sameDocs[S any](a, b []*intent.Doc[S]) bool {
	return slices.EqualFunc(a, b, func(x, y *intent.Doc[S]) bool { return x.Same(y.Document) })
}

// sameUnderlay reports whether all that the devices' links, and their routes to each other, depend on is as it was.
func sameUnderlay(before, f *Fabric) bool {
	return before != nil && slices.EqualFunc(before.Devices, f.Devices, func(a, b *Device) bool {
		return a == b || reflect.DeepEqual(underlay(a), underlay(b))
	})
}

// underlay is a device without what only hosts and tenants have of it.
func underlay(d *Device) Device {
	u := Device{Name: d.Name, Role: d.Role, VTEP: d.VTEP, BFD: d.BFD, PrefixSets: d.PrefixSets, Policies: d.Policies, Links: d.Links}
	for _, i := range d.Interfaces {
		uplink := slices.ContainsFunc(d.Links, func(l Link) bool { return l.Local == i.ID })
		if uplink || len(i.Subinterfaces) > 0 {
			u.Interfaces = append(u.Interfaces, i)
		}
	}
	for _, b := range d.BGP {
		if b.VRF == "" {
			u.BGP = append(u.BGP, b)
		}
	}
	return u
}
