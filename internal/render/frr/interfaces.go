package frr

import (
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/render/dialect"
)

// loopback is the one that every Linux host has. It takes the addresses of all loopbacks.
const loopback = "lo"

// A port is an interface. The first of the loopbacks speaks for the one that takes all of their addresses.
type port struct {
	fabric.Interface
	First bool
}

func renderInterface(w *dialect.Writer, n dialect.Namer, p port) {
	i := p.Interface
	name := n.Interface(i.ID)
	isLoopback := i.ID.Kind == fabric.Loopback
	if isLoopback {
		name = loopback
	}
	if i.Switched != nil || i.Bundle != nil || i.MemberOf != nil {
		hostPort(w, n, i)
		return
	}
	at := "interface " + name
	shown := slices.ContainsFunc(i.Subinterfaces, func(s fabric.Subinterface) bool { return !foreign(s) && len(s.IPv4)+len(s.IPv6) > 0 })
	if !isLoopback {
		put(w, i.Source, at)
		if i.Description != "" && put(w, i.Source, at, "description "+i.Description) {
			shown = true
		}
	}
	switch {
	case isLoopback && !p.First:
	case !i.Enabled && !isLoopback:
		put(w, i.Source, at, "shutdown")
	case i.Enabled && shown:
		// FRR hides it, and of a port of which there is nothing else to say it hides the port.
		put(w, i.Source, at, "no shutdown")
	}
	if i.MTU != 0 && len(i.Subinterfaces) == 0 {
		gap(w, i.Source, "the MTU of an interface is the host's: %s is to take frames of %d octets", name, i.MTU)
	}
	for _, s := range i.Subinterfaces {
		if foreign(s) {
			gap(w, s.Source, "an interface with a tag or in a VRF is the host's: %s, tag %d, VRF %q, %v %v, MTU %d, description %q",
				name, s.VLANTag, s.VRF, s.IPv4, s.IPv6, s.IPMTU, s.Description)
			continue
		}
		for _, p := range s.IPv4 {
			put(w, s.Source, at, "ip address "+p.String())
		}
		for _, p := range s.IPv6 {
			put(w, s.Source, at, "ipv6 address "+p.String())
		}
		if i.MTU != 0 || s.IPMTU != 0 {
			gap(w, s.Source, "the MTU of an interface is the host's: %s is to take frames of %d octets and packets of %d", name, i.MTU, s.IPMTU)
		}
	}
}

// foreign reports whether an interface is the host's to make.
func foreign(s fabric.Subinterface) bool { return s.VLANTag != 0 || s.VRF != "" }

// hostPort names everything about a port that bridges or bonds.
func hostPort(w *dialect.Writer, n dialect.Namer, i fabric.Interface) {
	gap(w, i.Source, "bridges and bonds are the host's: %s, enabled %v, MTU %d, description %q", n.Interface(i.ID), i.Enabled, i.MTU, i.Description)
	if s := i.Switched; s != nil {
		gap(w, i.Source, "VLANs on ports are the host's: %s with access %d, trunk %v, native %d", n.Interface(i.ID), s.Access, s.VLANs, s.Native)
	}
	if m := i.MemberOf; m != nil {
		gap(w, i.Source, "bonds are the host's: %s is in %s", n.Interface(i.ID), n.Interface(*m))
	}
	b := i.Bundle
	if b == nil {
		return
	}
	lacp := "none"
	if b.LACP != nil {
		lacp = "slow"
		if b.LACP.Fast {
			lacp = "fast"
		}
		lacp += ", system " + b.LACP.SystemID
	}
	gap(w, i.Source, "bonds are the host's: %s with LACP %s, at least %d links", n.Interface(i.ID), lacp, b.MinLinks)
}

// profileName names the BFD profile of an interface.
func profileName(n dialect.Namer, id fabric.SubinterfaceID) string {
	name := "tenter-" + n.Interface(id.Interface)
	if id.Index != 0 {
		name += "." + itoa(id.Index)
	}
	return name
}

func renderBFD(w *dialect.Writer, n dialect.Namer, b fabric.BFD) {
	at := "profile " + profileName(n, b.Interface)
	line := func(text string) { put(w, b.Source, "bfd", at, text) }
	line("detect-multiplier " + itoa(b.Multiplier))
	for _, t := range []struct {
		command string
		d       time.Duration
	}{{"receive-interval", b.Rx}, {"transmit-interval", b.Tx}} {
		ms := t.d.Milliseconds()
		if t.d%time.Millisecond != 0 || ms < 10 || ms > 60000 {
			gap(w, b.Source, "FRR counts BFD in milliseconds from 10 to 60000: %s %s is left out", t.command, t.d)
			continue
		}
		line(t.command + " " + itoa(int(ms)))
	}
}
