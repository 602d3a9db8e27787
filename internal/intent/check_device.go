package intent

import "net/netip"

// devices checks roles, ids and addresses.
func (c *checker) devices() {
	type id struct {
		role string
		id   int
	}
	ids := map[id]*Device{}
	addresses := map[HostPort]*Device{}
	overrides := map[netip.Addr]*Device{}
	for _, d := range c.Devices {
		role := Role(d)
		if role != RoleSpine && role != RoleLeaf {
			g := d.errorAt(CodeRoleLabel, At{"metadata", "labels", "role"}, "a device has the label role, spine or leaf")
			c.add(g.WithHint("%s", nearest(role, []string{RoleSpine, RoleLeaf})))
			continue
		}
		if k := (id{role, d.Spec.ID}); k.id != 0 {
			if o := ids[k]; o != nil {
				c.add(d.Errorf(CodeDeviceID, At{"id"}, "%s and %s are both %s number %d", o.Name, d.Name, role, k.id).WithRelated(o.Source("id"), o.Name))
			} else {
				ids[k] = d
			}
		}
		c.beyondSizing(d, role)
		if d.Spec.TLS == "" && d.Spec.SSH == "" {
			c.add(d.Errorf(CodeMissingKey, nil, "%s has neither tls nor ssh", d.Name).
				WithHint("tls for a device with gNMI, ssh for one with NETCONF or a command line: a name in Tenter's settings"))
		}
		if a := d.Spec.Address; a != "" {
			if o := addresses[a]; o != nil {
				c.add(d.Errorf(CodeAddressTwice, At{"address"}, "%s and %s are both reached at %s", o.Name, d.Name, a).WithRelated(o.Source("address"), o.Name))
			} else {
				addresses[a] = d
			}
		}
		for i, a := range []netip.Addr{d.Spec.RouterID, d.Spec.VTEP} {
			if !a.IsValid() {
				continue
			}
			at := []string{"routerId", "vtep"}[i]
			if !a.Is4() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() {
				c.add(d.Errorf(CodeAddress, At{at}, "%s cannot be a loopback: it is a unicast IPv4 address", a))
			}
			if o := overrides[a]; o != nil && o != d {
				c.add(d.Errorf(CodeAddressTwice, At{at}, "%s and %s both have the address %s", o.Name, d.Name, a).WithRelated(o.Source(), o.Name))
			}
			overrides[a] = d
		}
		if role == RoleSpine && d.Spec.VTEP.IsValid() {
			c.add(d.Errorf(CodeCombination, At{"vtep"}, "%s is a spine and has no VTEP", d.Name))
		}
		if d.Spec.VTEP.IsValid() && d.Spec.VTEP == d.Spec.RouterID {
			c.add(d.Errorf(CodeAddressTwice, At{"vtep"}, "router id and VTEP are both %s", d.Spec.VTEP).WithRelated(d.Source("routerId"), "routerId"))
		}
	}
}

func (c *checker) beyondSizing(d *Device, role string) {
	if c.Fabric == nil {
		return
	}
	key, most := "maxLeaves", c.Fabric.Spec.Sizing.MaxLeaves
	if role == RoleSpine {
		key, most = "maxSpines", c.Fabric.Spec.Sizing.MaxSpines
	}
	if most > 0 && d.Spec.ID > most {
		c.add(d.Errorf(CodeBeyondSizing, At{"id"}, "%s has the id %d, and the fabric is sized for %s: %d", d.Name, d.Spec.ID, key, most).
			WithRelated(c.Fabric.Source("sizing", key), "sizing"))
	}
}
