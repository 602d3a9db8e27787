package infer

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
)

// A member is one port of a Port document.
type member struct {
	device string
	port   fabric.InterfaceID
}

func (m member) String() string {
	if m.port.Number == 0 {
		return m.device + ":" + m.port.Name
	}
	return fmt.Sprintf("%s:%d", m.device, m.port.Number)
}

// A portGuess is a Port document to be: ports that are alike, or one LAG.
type portGuess struct {
	name, description string
	members           []member
	shutdown          bool
	mtu               int // 0 for the fabric's own
	switched          *fabric.Switched
	lag               string // in flow style
	names             map[int]string
}

func (p *portGuess) vlans() []int {
	switch {
	case p.switched == nil:
		return nil
	case p.switched.Trunk:
		return p.switched.VLANs
	}
	return []int{p.switched.Access}
}

// leastMTU is the least that a Port may have: what IPv6 needs (RFC 8200 §5).
const leastMTU = 1280

// ports finds the ports towards hosts: those with a description or with VLANs, and LAGs with their members.
func (g *guesser) ports(f *frameGuess) []*portGuess {
	names := g.vlanNames()
	groups := map[string]*portGuess{}
	var order []string
	add := func(key string, p *portGuess) {
		if o := groups[key]; o != nil {
			o.members, o.name = append(o.members, p.members...), cmp.Or(o.name, p.name)
			return
		}
		groups[key], order = p, append(order, key)
	}
	for _, d := range g.devices {
		for _, i := range d.model.Interfaces {
			if i.ID.Kind == fabric.Loopback || i.MemberOf != nil || len(i.Subinterfaces) > 0 {
				continue
			}
			p := &portGuess{description: i.Description, shutdown: !i.Enabled, switched: i.Switched, names: names}
			if mtu := hostMTU(i); i.MTU != 0 && mtu != f.access && mtu >= leastMTU {
				p.mtu = mtu
			}
			if i.ID.Kind == fabric.Ethernet {
				p.members = []member{{d.name, i.ID}}
				add(fmt.Sprintf("port %q %v %d %+v", p.description, p.shutdown, p.mtu, deref(p.switched)), p)
				continue
			}
			segment := g.lag(d, i, p)
			if len(p.members) > 0 {
				add("lag "+cmp.Or(segment, d.name+"/"+strconv.Itoa(i.ID.Number)), p)
			}
		}
	}
	var out []*portGuess
	for _, key := range order {
		p := groups[key]
		if p.nameless() {
			continue
		}
		p.name = g.unique("Port", cmp.Or(p.name, p.description, p.words()))
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b *portGuess) int { return cmp.Compare(kindOf(a), kindOf(b)) })
	return out
}

// kindOf puts LAGs before ports.
func kindOf(p *portGuess) int {
	if p.lag != "" {
		return 0
	}
	return 1
}

func deref(s *fabric.Switched) fabric.Switched {
	if s == nil {
		return fabric.Switched{}
	}
	return *s
}

// nameless reports whether a port carries a VLAN that no document is for, or nothing at all.
func (p *portGuess) nameless() bool {
	return slices.ContainsFunc(p.vlans(), func(v int) bool { return p.names[v] == "" }) ||
		p.switched != nil && len(p.vlans()) == 0 || p.switched == nil && p.lag == "" && p.description == ""
}

func (p *portGuess) words() string {
	if v := p.vlans(); len(v) == 1 {
		return "access-" + p.names[v[0]]
	}
	return "port-" + p.members[0].String()
}

// lag completes a LAG and returns the Ethernet segment that it is of.
func (g *guesser) lag(d *seen, i fabric.Interface, p *portGuess) (segment string) {
	for _, m := range d.model.Interfaces {
		if m.MemberOf != nil && *m.MemberOf == i.ID {
			p.members = append(p.members, member{d.name, m.ID})
		}
	}
	parts, lacp := []string{fmt.Sprintf("id: %d", i.ID.Number), "mode: single"}, "static"
	if i.Bundle != nil && i.Bundle.LACP != nil {
		if lacp = "slow"; i.Bundle.LACP.Fast {
			lacp = "fast"
		}
	}
	for _, s := range d.model.EthernetSegments {
		if s.Interface != i.ID {
			continue
		}
		segment, p.name, parts[1] = s.ESI, s.Name, "mode: all-active"
		if n := segmentNumber(s.ESI); n != 0 {
			parts = append(parts, fmt.Sprintf("esId: %d", n))
		} else {
			parts = append(parts, fmt.Sprintf("esi: %q", s.ESI))
		}
	}
	parts = append(parts, "lacp: "+lacp)
	if i.Bundle != nil && i.Bundle.MinLinks != 0 {
		parts = append(parts, fmt.Sprintf("minLinks: %d", i.Bundle.MinLinks))
	}
	p.lag = "{" + strings.Join(parts, ", ") + "}"
	return segment
}

// segmentNumber is the esId that an identifier derives from, 0 if it does not.
func segmentNumber(esi string) int {
	octets := strings.Split(esi, ":")
	if len(octets) != 10 {
		return 0
	}
	n, err := strconv.ParseUint(octets[5]+octets[6], 16, 16)
	if err != nil {
		return 0
	}
	if derived, _ := (&intent.LAGSpec{ESID: int(n)}).Segment(); string(derived) != esi {
		return 0
	}
	return int(n)
}

func (p *portGuess) doc() *doc {
	var b strings.Builder
	if p.description != "" {
		fmt.Fprintf(&b, "  description: %s\n", quoted(p.description))
	}
	var members []string
	for _, m := range p.members {
		members = append(members, m.String())
	}
	fmt.Fprintf(&b, "  members: %s\n", list(members))
	if p.shutdown {
		b.WriteString("  shutdown: true\n")
	}
	if p.mtu != 0 {
		fmt.Fprintf(&b, "  mtu: %d\n", p.mtu)
	}
	if p.lag != "" {
		fmt.Fprintf(&b, "  lag: %s\n", p.lag)
	}
	if s := p.switched; s != nil && !s.Trunk {
		fmt.Fprintf(&b, "  access: {vlan: %s}\n", p.names[s.Access])
	} else if s != nil {
		var vlans []string
		for _, v := range s.VLANs {
			vlans = append(vlans, p.names[v])
		}
		native := ""
		if name := p.names[s.Native]; s.Native != 0 && name != "" {
			native = ", native: " + name
		}
		fmt.Fprintf(&b, "  trunk: {vlans: %s%s}\n", list(vlans), native)
	}
	return &doc{file: filePorts, kind: "Port", name: p.name, spec: b.String()}
}
