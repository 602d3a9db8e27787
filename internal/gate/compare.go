package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/condition"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/run"
)

// Compare returns, for people, what does not pass: what worked before, does not now, and was not taken away by the change
// itself; neighbours that are others than the model's links say; and expressions that are not true. It is sorted by gate.
func Compare(gates []Gate, c Change, before, now []run.Sight) []string {
	var failing []string
	gone := removed(c)
	for _, g := range gates {
		if g.Kind == Expr {
			if why := express(g, before, now); why != "" {
				failing = append(failing, why)
			}
			continue
		}
		for _, was := range before {
			if was.Gate != g.Kind || forgiven(gone[g.Kind], was) || slices.Contains(now, was) {
				continue
			}
			failing = append(failing, lost(g.Kind, was, now))
		}
		if g.Kind == LLDP {
			failing = append(failing, miscabled(c, now, failing)...)
		}
	}
	return failing
}

// lost says what became of something that worked.
func lost(kind string, was run.Sight, now []run.Sight) string {
	switch kind {
	case BGP:
		return fmt.Sprintf("the BGP session with %s was established before and is not any more", last(was.Name)+instance(was.Name))
	case Interfaces:
		return fmt.Sprintf("interface %s was up before and is not any more", was.Name)
	}
	for _, s := range now {
		if s.Gate == kind && s.Name == was.Name {
			return fmt.Sprintf("LLDP sees %s on %s, and saw %s before", s.Is, was.Name, was.Is)
		}
	}
	return fmt.Sprintf("LLDP saw %s on %s before, and nobody now", was.Is, was.Name)
}

// instance is the network instance of a session as a clause.
func instance(session string) string {
	if name, _, ok := strings.Cut(session, " "); ok && !strings.EqualFold(name, "default") {
		return " in " + name
	}
	return ""
}

func last(name string) string { return name[strings.LastIndexByte(name, ' ')+1:] }

// forgiven reports whether what worked is among what went. A session of which the device does not say in which instance it
// is, may be in any.
func forgiven(gone map[string]bool, was run.Sight) bool {
	if was.Gate != BGP {
		return gone[last(was.Name)]
	}
	vrf, neighbor, found := strings.Cut(was.Name, " ")
	if !found {
		return slices.ContainsFunc(slices.Collect(maps.Keys(gone)), func(s string) bool { return last(s) == was.Name })
	}
	if strings.EqualFold(vrf, "default") {
		vrf = ""
	}
	return gone[session(vrf, neighbor)]
}

// session names a BGP session among those that went, with its VRF, "" for the default one.
func session(vrf, neighbor string) string { return vrf + " " + neighbor }

// miscabled compares the neighbours with the model's links.
func miscabled(c Change, now []run.Sight, known []string) []string {
	var out []string
	for _, l := range c.Device.Links {
		port := name(c.Profile, l.Local)
		for _, s := range now {
			if s.Gate != LLDP || s.Name != port {
				continue
			}
			host, _, _ := strings.Cut(s.Is, ".")
			if s.Is == string(l.Peer) || host == string(l.Peer) || s.Is == c.Names[l.Peer] {
				continue
			}
			why := fmt.Sprintf("LLDP sees %s on %s, and the link there leads to %s", s.Is, port, l.Peer)
			if !slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, "LLDP sees "+s.Is+" on "+port) }) {
				out = append(out, why)
			}
		}
	}
	return out
}

// removed are what the writes take away or shut: interfaces, and BGP sessions by VRF and neighbor's address, with those of
// links that are shut.
func removed(c Change) map[string]map[string]bool {
	sessions, ports, heard := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, w := range c.Writes {
		at, err := path.Parse(w.Path)
		if err != nil {
			continue
		}
		if !takesAway(at, w) {
			continue
		}
		for _, e := range at.Elems {
			if len(e.Keys) == 0 {
				continue
			}
			key := e.Keys[len(e.Keys)-1].Value
			switch e.Name {
			case "neighbor":
				sessions[session(instanceOf(c.Profile, at), key)] = true
			case "interface":
				if heard[key] = true; at.Elems[0].Name == "interfaces" || at.Elems[0].Name == "interface" {
					ports[key] = true
				}
			}
		}
	}
	unlined(c.Writes, sessions, ports)
	for _, b := range c.Device.BGP {
		for _, n := range b.Neighbors {
			for _, l := range c.Device.Links {
				if l.Peer == n.Peer && ports[name(c.Profile, l.Local)] && onLink(c.Device, l.Local, n.Address) {
					sessions[session(b.VRF, n.Address.String())] = true
				}
			}
		}
	}
	return map[string]map[string]bool{BGP: sessions, Interfaces: ports, LLDP: heard}
}

// instanceOf returns the network instance that a path is in, "" for the default one.
func instanceOf(p *profile.Profile, at path.Path) string {
	for _, e := range at.Elems {
		if e.Name == "network-instance" && len(e.Keys) > 0 && e.Keys[0].Value != p.Names.DefaultInstance && !strings.EqualFold(e.Keys[0].Value, "default") {
			return e.Keys[0].Value
		}
	}
	return ""
}

// takesAway reports whether a write removes the entry that it is in, or shuts it. An entry is gone with its key.
func takesAway(at path.Path, w run.Write) bool {
	n := len(at.Elems)
	if n < 2 {
		return false
	}
	name := at.Elems[n-1].Name
	if name == "enabled" || name == "admin-state" {
		return shuts(w) && inEntry(at)
	}
	if w.After != "" {
		return false
	}
	for _, e := range at.Elems {
		for _, k := range e.Keys {
			if k.Name == name && (e.Name == "neighbor" || e.Name == "interface") {
				return inEntry(at)
			}
		}
	}
	return false
}

// shuts reports whether a write of an administrative state turns off.
func shuts(w run.Write) bool {
	text := string(w.After)
	return strings.HasSuffix(text, "false") || strings.HasSuffix(text, "disable")
}

// inEntry reports whether the leaf is of the neighbor or interface itself, not of something deeper.
func inEntry(at path.Path) bool {
	for i := len(at.Elems) - 2; i >= 0; i-- {
		switch e := at.Elems[i]; {
		case len(e.Keys) > 0:
			return e.Name == "neighbor" || e.Name == "interface"
		case e.Name != "config":
			return false
		}
	}
	return false
}

// express evaluates an expression and says why it does not hold, empty if it does.
func express(g Gate, before, now []run.Sight) string {
	c, err := condition.Compile(g.Expr, intent.GateVars())
	if err != nil {
		return fmt.Sprintf("%s: %v", g.Expr, err)
	}
	holds, err := c.Holds(map[string]any{"leaves": values(g, now), "before": values(g, before)})
	switch {
	case err != nil:
		return err.Error()
	case !holds:
		return g.Expr + " is not true" + differences(values(g, before), values(g, now))
	}
	return ""
}

// values are the leaves that an expression looks at.
func values(g Gate, sights []run.Sight) map[string]string {
	out := map[string]string{}
	for _, s := range sights {
		if s.Gate != Expr {
			continue
		}
		at, err := path.Parse(s.Name)
		if err != nil {
			continue
		}
		for range under(g, []profile.StateLeaf{{Path: at}}) {
			out[s.Name] = s.Is
		}
	}
	return out
}

// differences names the first leaves that are not as they were.
func differences(before, now map[string]string) string {
	const most = 3
	all := maps.Clone(before)
	maps.Copy(all, now)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if was, is := before[name], now[name]; was != is && len(out) < most {
			out = append(out, fmt.Sprintf("%s is %q and was %q", name, is, was))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return ": " + strings.Join(out, ", ")
}
