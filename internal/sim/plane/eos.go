package plane

import (
	"net/netip"
	"strconv"
	"strings"

	"github.com/tenter-net/tenter/internal/sim/cli"
	"github.com/tenter-net/tenter/internal/sim/conf"
)

// readEOS fills a device from EOS's tree, which is OpenConfig with Arista's own nodes, and from its lines. Where OpenConfig
// rejects routes that no policy decides on, EOS takes and tells them all as long as a session has no policy ("bgp
// missing-policy", EOS User Manual, BGP).
func readEOS(d *device, t *conf.Tree) {
	d.open = true
	readOpenConfig(d, t.Root)
	for _, n := range t.Root.Kid("interfaces").Entries("interface") {
		virtual := n.At("arista-varp", "virtual-address", "config")
		d.virtual(n.Step.Key("name"), virtual.Text("ip"), virtual.Text("prefix-length"))
		for _, a := range n.At("arista-varp", "secondary-virtual-addresses").Entries("address") {
			d.virtual(n.Step.Key("name"), a.Step.Key("ip"), a.Text("config", "prefix-length"))
		}
	}
	for _, line := range t.Lines {
		words := strings.Fields(line.Text)
		switch {
		case words[0] == "interface":
			for _, below := range line.Under {
				if text, ok := strings.CutPrefix(below.Text, "ipv6 address virtual "); ok {
					addr, bits, _ := strings.Cut(text, "/")
					d.virtual(words[1], addr, bits)
				}
			}
		case strings.HasPrefix(line.Text, "router bgp "):
			d.redistribute(defaultInstance, words[2], line.Under)
			for _, below := range line.Under {
				if name, ok := strings.CutPrefix(below.Text, "vrf "); ok {
					d.redistribute(name, words[2], below.Under)
				}
			}
		}
	}
}

// virtual gives a routed VLAN an address that other devices have as well.
func (d *device) virtual(iface, ip, length string) {
	addr, err := netip.ParseAddr(ip)
	bits, bitsErr := strconv.Atoi(length)
	if err != nil || bitsErr != nil {
		return
	}
	for _, s := range d.subs {
		if s.iface.name == iface && s.hidden {
			s.prefixes = append(s.prefixes, netip.PrefixFrom(addr, bits))
		}
	}
}

// redistribute adds what the lines of a BGP process bring into it, if it is the one that the tree has.
func (d *device) redistribute(name, as string, lines cli.Lines) {
	in := d.instances[name]
	if in == nil || in.bgp == nil || in.bgp.as != number(as) {
		return
	}
	for _, line := range lines {
		words := strings.Fields(line.Text)
		if words[0] != "redistribute" {
			continue
		}
		from, ok := map[string]string{"connected": "DIRECTLY_CONNECTED", "static": "STATIC"}[words[1]]
		if !ok {
			continue
		}
		c := chain{fallback: accept}
		if len(words) == 4 && words[2] == "route-map" {
			c = chain{policies: words[3:]}
		}
		for _, v6 := range []bool{false, true} {
			in.tables = append(in.tables, tableConnection{from: from, to: "BGP", v6: v6, chain: c})
		}
	}
}
