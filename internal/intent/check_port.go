package intent

import "fmt"

// ports checks what each Port says, and that LAGs and Ethernet segments are numbered once.
func (c *checker) ports() {
	type lag struct {
		device DeviceName
		id     int
	}
	lags := map[lag]*Port{}
	segments := map[ESI]*Port{}
	for _, p := range c.Ports {
		s := &p.Spec
		members := c.members(p)
		switch {
		case s.Access != nil && s.Trunk != nil:
			c.add(p.Errorf(CodeCombination, At{"trunk"}, "a port is either access or trunk").WithRelated(p.Source("access"), "access"))
		case s.Access == nil && s.Trunk == nil && !s.Shutdown && !p.has("access") && !p.has("trunk"):
			c.add(p.Errorf(CodeCombination, nil, "a port needs access or trunk, unless it is shut down"))
		}
		c.portVlans(p)
		if s.LAG == nil {
			continue
		}
		c.lag(p, members)
		for _, d := range members {
			k := lag{d, s.LAG.ID}
			if o := lags[k]; o != nil && k.id != 0 {
				c.add(p.Errorf(CodeLAGTwice, At{"lag", "id"}, "Ports %q and %q are both LAG %d on %s", o.Name, p.Name, k.id, d).WithRelated(o.Source("lag", "id"), o.Name))
				break
			}
			lags[k] = p
		}
		if esi, _ := s.LAG.Segment(); esi != "" {
			if o := segments[esi]; o != nil {
				c.add(p.Errorf(CodeSegmentTwice, At{"lag"}, "Ports %q and %q both have the Ethernet segment %s", o.Name, p.Name, esi).WithRelated(o.Source("lag"), o.Name))
			}
			segments[esi] = p
		}
	}
}

func (d *Document) has(key string) bool {
	_, v := lookup(d.node(At{"spec"}), key)
	return v != nil
}

// members checks where a Port is and returns its devices, each once.
func (c *checker) members(p *Port) []DeviceName {
	var devices []DeviceName
	seen := map[DeviceName]bool{}
	for i, m := range p.Spec.Members {
		at := At{"members", i}
		d := c.device(p.Document, at, m.Device)
		if d != nil && Role(d) == RoleSpine {
			c.add(p.Errorf(CodeHostOnSpine, at, "%s is a spine: hosts are on leaves", d.Name).WithRelated(d.Source(), d.Name))
		}
		if m.Device != "" && !seen[m.Device] {
			seen[m.Device] = true
			devices = append(devices, m.Device)
		}
	}
	return devices
}

// portVlans checks that a Port's Vlans exist, and are on its devices.
func (c *checker) portVlans(p *Port) {
	one := func(at At, name string) {
		v := reference(c, p.Document, at, KindVlan, c.Vlans, name)
		if v == nil || v.Spec.Devices == nil || v.Spec.Devices.FromPorts {
			return
		}
		for _, m := range p.Spec.Members {
			if d := find(c.Devices, string(m.Device)); m.Device != "" && (d == nil || !c.vlanOn(v, d)) {
				c.add(p.Errorf(CodeVLANNotThere, at, "Vlan %q is not on %s", name, m.Device).WithRelated(v.Source("devices"), "its devices"))
				return
			}
		}
	}
	if p.Spec.Access != nil {
		one(At{"access", "vlan"}, p.Spec.Access.Vlan)
	}
	t := p.Spec.Trunk
	if t == nil {
		return
	}
	native := t.Native == ""
	for i, name := range t.Vlans {
		one(At{"trunk", "vlans", i}, name)
		native = native || name == t.Native
	}
	if !native {
		c.add(p.Errorf(CodeNative, At{"trunk", "native"}, "the native VLAN %q is not among the VLANs of the trunk", t.Native).
			WithHint("%s", nearest(t.Native, t.Vlans)))
	}
}

func (c *checker) lag(p *Port, devices []DeviceName) {
	l := p.Spec.LAG
	segment := l.ESID != 0 || l.ESI != ""
	perDevice := map[DeviceName]int{}
	for _, m := range p.Spec.Members {
		perDevice[m.Device]++
	}
	switch {
	case l.Mode == "single" && len(devices) > 1:
		c.add(p.Errorf(CodeLAGMembers, At{"members"}, "a LAG of mode single is on one device, and this one is on %d", len(devices)).WithHint("mode: all-active"))
	case l.Mode == "single" && segment:
		c.add(p.Errorf(CodeCombination, At{"lag"}, "a LAG of mode single has no Ethernet segment"))
	case l.Mode == "all-active" && len(devices) == 1:
		c.add(p.Errorf(CodeLAGMembers, At{"members"}, "a LAG of mode all-active is on several devices, and this one is on %s only", devices[0]).WithHint("mode: single"))
	case l.Mode == "all-active" && !segment && !p.brokenSegment():
		c.add(p.Errorf(CodeCombination, At{"lag"}, "a LAG of mode all-active needs an esId or an esi"))
	}
	for _, d := range devices {
		if l.MinLinks > perDevice[d] {
			c.add(p.Errorf(CodeLAGMembers, At{"lag", "minLinks"}, "the LAG has %d members on %s, and minLinks is %d", perDevice[d], d, l.MinLinks))
			return
		}
	}
}

// brokenSegment reports whether the document names a segment that could not be read.
func (d *Document) brokenSegment() bool {
	lag := d.node(At{"spec", "lag"})
	_, id := lookup(lag, "esId")
	_, esi := lookup(lag, "esi")
	return id != nil || esi != nil
}

// portsUsedTwice checks links, Ports and BgpPeers against each other. BgpPeers may share a port.
func (c *checker) portsUsedTwice() {
	type use struct {
		doc *Document
		at  At
	}
	first := map[PortRef]use{}
	take := func(d *Document, at At, p PortRef) {
		if p.Device == "" {
			return
		}
		o, ok := first[p]
		if ok && (o.doc.Kind != KindBgpPeer || d.Kind != KindBgpPeer) {
			by := fmt.Sprintf("%s %q", o.doc.Kind, o.doc.Name)
			if o.doc == d {
				by = "the same document"
			}
			c.add(d.Errorf(CodePortTwice, at, "port %s is already used by %s", p, by).WithRelated(o.doc.Source(o.at...), "used here"))
			return
		}
		first[p] = use{d, at}
	}
	if c.Fabric != nil {
		for i, l := range c.Fabric.Spec.Links {
			take(c.Fabric.Document, At{"links", i, "a"}, l.A)
			take(c.Fabric.Document, At{"links", i, "b"}, l.B)
		}
	}
	for _, p := range c.Ports {
		for i, m := range p.Spec.Members {
			take(p.Document, At{"members", i}, m)
		}
	}
	for _, p := range c.BgpPeers {
		take(p.Document, At{"port"}, p.Spec.Port)
	}
}
