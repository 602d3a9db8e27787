package infer

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
)

// peers writes a BgpPeer for each session of a VRF, and the policies that they name. Where a session has no limit of
// prefixes or no policies there is no such document: they are mandatory.
func (g *guesser) peers() {
	needed := map[string]*seen{}
	for _, d := range g.devices {
		for _, b := range d.model.BGP {
			if b.VRF == "" || !validName.MatchString(b.VRF) {
				continue
			}
			for _, n := range b.Neighbors {
				if p := g.peer(d, b, n); p != nil {
					g.add(p)
					for _, name := range slices.Concat(n.Families[0].Import, n.Families[0].Export) {
						needed[name] = d
					}
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(needed)) {
		g.add(g.policy(needed[name].model, name))
	}
}

func (g *guesser) peer(d *seen, b fabric.BGP, n fabric.Neighbor) *doc {
	id, unit, local, ok := d.unitOf(b.VRF, n.Address)
	if !ok || len(n.Families) != 1 || n.PeerASN == 0 {
		return nil
	}
	f := n.Families[0]
	if f.MaxPrefixes == 0 || len(f.Import) == 0 || len(f.Export) == 0 {
		return nil
	}
	var s strings.Builder
	if n.Description != "" {
		fmt.Fprintf(&s, "  description: %s\n", quoted(n.Description))
	}
	fmt.Fprintf(&s, "  port: %q\n", member{d.name, id})
	if unit.VLANTag != 0 {
		fmt.Fprintf(&s, "  vlanTag: %d\n", unit.VLANTag)
	}
	fmt.Fprintf(&s, "  vrf: %s\n  local: %s\n  peer: %s\n  peerAsn: %d\n", b.VRF, quoted(local.String()), quoted(n.Address.String()), n.PeerASN)
	if n.LocalASN != 0 {
		fmt.Fprintf(&s, "  localAsn: %d\n", n.LocalASN)
	}
	if n.BFD {
		s.WriteString("  bfd: true\n")
	}
	if n.TTLSecurity != 0 {
		fmt.Fprintf(&s, "  ttlSecurity: %d\n", n.TTLSecurity)
	}
	fmt.Fprintf(&s, "  maxPrefixes: %d\n  import: %s\n  export: %s\n", f.MaxPrefixes, list(f.Import), list(f.Export))
	out := &doc{file: filePeering, kind: "BgpPeer", name: g.unique("BgpPeer", n.Description+" "+firstWord(d.name, n.Description))}
	if key := g.password(d, b.VRF, n); n.Auth != "" && key != "" {
		name := out.name + "-key"
		fmt.Fprintf(&s, "  passwordFrom: {secret: %s}\n", name)
		g.secrets[name] = key
		out.notes = append(out.notes, fmt.Sprintf("The session has a key: give it to Tenter as the secret %s.", name))
	}
	out.spec = s.String()
	return out
}

// firstWord names a session that has no description.
func firstWord(device, description string) string {
	if description != "" {
		return ""
	}
	return "peer-of-" + device
}

// password returns a session's key as the device shows it.
func (g *guesser) password(d *seen, vrf string, n fabric.Neighbor) string {
	for l := range d.Tree.All() {
		if !strings.HasSuffix(l.Path.Last().Name, "password") {
			continue
		}
		in, at := false, false
		for _, x := range l.Path.Elems {
			for _, k := range x.Keys {
				in = in || x.Name == "network-instance" && k.Value == vrf
				at = at || x.Name == "neighbor" && k.Value == n.Address.String()
			}
		}
		if in && at {
			return l.Value.Text()
		}
	}
	return ""
}

// policy writes a RoutePolicy. Prefix sets are a policy's own: their names begin with its name. What has other names is
// left to Config documents.
func (g *guesser) policy(m *fabric.Device, name string) *doc {
	at := slices.IndexFunc(m.Policies, func(p fabric.Policy) bool { return p.Name == name })
	if at < 0 || !validName.MatchString(name) || g.taken["RoutePolicy/"+name] {
		return nil
	}
	p := m.Policies[at]
	var b strings.Builder
	sets := 0
	for _, s := range m.PrefixSets {
		own, ok := strings.CutPrefix(s.Name, name+".")
		if !ok || len(s.Prefixes) == 0 {
			continue
		}
		if sets++; sets == 1 {
			b.WriteString("  prefixSets:\n")
		}
		fmt.Fprintf(&b, "    - name: %s\n      prefixes:\n", scalar(own))
		for _, r := range s.Prefixes {
			b.WriteString("        - " + prefixText(r) + "\n")
		}
	}
	b.WriteString("  statements:\n")
	statements, otherwise := p.Statements, ""
	if n := len(statements); n > 1 && bareStatement(statements[n-1]) {
		statements, otherwise = statements[:n-1], "reject"
		if p.Statements[n-1].Accept {
			otherwise = "accept"
		}
	}
	for _, s := range statements {
		b.WriteString(statementText(name, s))
	}
	if otherwise != "" {
		fmt.Fprintf(&b, "  otherwise: %s\n", otherwise)
	}
	return &doc{file: filePeering, kind: "RoutePolicy", name: name, spec: b.String()}
}

func bareStatement(s fabric.Statement) bool {
	return s.PrefixSet == "" && s.Protocol == "" && s.LocalPref == 0 && s.MED == nil && len(s.AddCommunities) == 0 && s.PrependTimes == 0
}

func prefixText(r fabric.PrefixRange) string {
	if r.Min == r.Prefix.Bits() && r.Max == r.Min {
		return fmt.Sprintf("{prefix: %s}", quoted(r.Prefix.String()))
	}
	ge := ""
	if r.Min > 0 {
		ge = fmt.Sprintf(", ge: %d", r.Min)
	}
	return fmt.Sprintf("{prefix: %s%s, le: %d}", quoted(r.Prefix.String()), ge, r.Max)
}

func statementText(policy string, s fabric.Statement) string {
	var match, set []string
	if s.PrefixSet != "" {
		match = append(match, "prefixSet: "+scalar(strings.TrimPrefix(s.PrefixSet, policy+".")))
	}
	if s.Protocol != "" {
		match = append(match, "protocol: "+string(s.Protocol))
	}
	if s.LocalPref != 0 {
		set = append(set, fmt.Sprintf("localPreference: %d", s.LocalPref))
	}
	if s.MED != nil {
		set = append(set, fmt.Sprintf("med: %d", *s.MED))
	}
	if len(s.AddCommunities) > 0 {
		set = append(set, "addCommunities: "+list(s.AddCommunities))
	}
	if s.PrependTimes != 0 {
		set = append(set, fmt.Sprintf("prepend: {asn: %d, times: %d}", s.PrependASN, s.PrependTimes))
	}
	action := "reject"
	if s.Accept {
		action = "accept"
	}
	if len(match) == 0 && len(set) == 0 {
		return "    - action: " + action + "\n"
	}
	var b strings.Builder
	lead := "    - "
	if len(match) > 0 {
		fmt.Fprintf(&b, "%smatch: {%s}\n", lead, strings.Join(match, ", "))
		lead = "      "
	}
	fmt.Fprintf(&b, "%saction: %s\n", lead, action)
	if len(set) > 0 {
		fmt.Fprintf(&b, "      set: {%s}\n", strings.Join(set, ", "))
	}
	return b.String()
}

// systems writes a System for all devices that are alike in what it says; the largest group comes first.
func (g *guesser) systems() {
	groups := map[string][]string{}
	for _, d := range g.devices {
		if spec := systemSpec(d.model.System); spec != "" {
			groups[spec] = append(groups[spec], d.name)
		}
	}
	specs := slices.SortedFunc(maps.Keys(groups), func(a, b string) int {
		if n := len(groups[b]) - len(groups[a]); n != 0 {
			return n
		}
		return strings.Compare(groups[a][0], groups[b][0])
	})
	for _, spec := range specs {
		names, who := groups[spec], ""
		name := "base"
		if len(names) < len(g.devices) {
			who = "  devices: {names: " + list(names) + "}\n"
			name = "system-of-" + names[0]
		}
		g.add(&doc{file: fileSystem, kind: "System", name: g.unique("System", name), spec: who + spec})
	}
}

func systemSpec(y fabric.System) string {
	var b strings.Builder
	if len(y.NTP) > 0 {
		b.WriteString("  ntp:\n    servers:\n")
		for _, s := range y.NTP {
			parts := []string{"address: " + quoted(s.Address)}
			if s.Prefer {
				parts = append(parts, "prefer: true")
			}
			if s.VRF != "" {
				parts = append(parts, "networkInstance: "+quoted(s.VRF))
			}
			fmt.Fprintf(&b, "      - {%s}\n", strings.Join(parts, ", "))
		}
	}
	if y.Domain.Value != "" || len(y.Search) > 0 || len(y.DNS) > 0 {
		b.WriteString("  dns:\n")
		if y.Domain.Value != "" {
			fmt.Fprintf(&b, "    domain: %s\n", quoted(y.Domain.Value))
		}
		var search, servers []string
		for _, t := range y.Search {
			search = append(search, t.Value)
		}
		for _, s := range y.DNS {
			servers = append(servers, s.Address)
		}
		if len(search) > 0 {
			fmt.Fprintf(&b, "    search: %s\n", list(search))
		}
		if len(servers) > 0 {
			fmt.Fprintf(&b, "    servers: %s\n", list(servers))
		}
	}
	if len(y.Syslog) > 0 {
		b.WriteString("  syslog:\n")
		for _, l := range y.Syslog {
			parts := []string{"address: " + quoted(l.Address)}
			if l.Port != 0 && l.Port != 514 {
				parts = append(parts, fmt.Sprintf("port: %d", l.Port))
			}
			if l.Facility != "" && l.Facility != "local7" {
				parts = append(parts, "facility: "+l.Facility)
			}
			if l.Severity != "" && l.Severity != "informational" {
				parts = append(parts, "severity: "+l.Severity)
			}
			if l.VRF != "" {
				parts = append(parts, "networkInstance: "+quoted(l.VRF))
			}
			fmt.Fprintf(&b, "    - {%s}\n", strings.Join(parts, ", "))
		}
	}
	if y.Timezone.Value != "" {
		fmt.Fprintf(&b, "  timeZone: %s\n", quoted(y.Timezone.Value))
	}
	if y.Login.Value != "" || y.MOTD.Value != "" {
		b.WriteString("  banner:\n")
		for _, t := range [][2]string{{"login", y.Login.Value}, {"motd", y.MOTD.Value}} {
			if t[1] != "" {
				fmt.Fprintf(&b, "    %s: %s\n", t[0], block(t[1], "      "))
			}
		}
	}
	return b.String()
}
