package infer

import (
	"bytes"
	"fmt"
	"maps"
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A frame is what a fabric's pools are divided for.
type frame struct{ spines, leaves, parallel int }

// frameOf leaves room to grow: the sizes of the example fabric, doubled until everything fits. Changing it later
// renumbers the fabric.
func frameOf(devices []*device, links []link) frame {
	f := frame{4, 64, 2}
	for _, d := range devices {
		for most := map[string]*int{"spine": &f.spines, "leaf": &f.leaves}[d.role]; *most < d.id; {
			*most *= 2
		}
	}
	for _, l := range links {
		for f.parallel < l.parallel {
			f.parallel *= 2
		}
	}
	return f
}

// pools returns the prefixes of links, router ids and VTEPs for a frame, out of the way of the management network.
func (f frame) pools(mgmt netip.Prefix) (links, router, vtep netip.Prefix, err error) {
	base := [2]byte{10, 0}
	if netip.MustParsePrefix("10.0.0.0/14").Overlaps(mgmt) {
		base = [2]byte{100, 64} // shared address space, RFC 6598
	}
	pool := func(third int, addresses int) netip.Prefix {
		size := min(24, 32-bits.Len(uint(addresses-1)))
		if size < 16 {
			err = fmt.Errorf("%d spines, %d leaves and %d links between any two need more than a /16; write the Fabric by hand", f.spines, f.leaves, f.parallel)
			size = 16
		}
		return netip.PrefixFrom(netip.AddrFrom4([4]byte{base[0], base[1] + byte(third), 0, 0}), size)
	}
	return pool(0, 2*f.spines*f.leaves*f.parallel), pool(1, f.spines+f.leaves+2), pool(2, f.leaves+2), err
}

func fabricText(name, from string, mgmt netip.Prefix, devices []*device, links []link) ([]byte, error) {
	f := frameOf(devices, links)
	linkPool, router, vtep, err := f.pools(mgmt)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `# Written by tenter init from %s.
# Its cables are the topology's; numbers, pools and MTUs are defaults, and yours to change before the first apply:
# everything that is numbered derives from them.
apiVersion: tenter/v1
kind: Fabric
metadata: {name: %s}
spec:
  sizing: {maxSpines: %d, maxLeaves: %d, maxParallel: %d}
  underlay:
    protocol: ebgp
    links: %s
    ipMtu: 9200
    l2Mtu: 9214
    bfd: {tx: 300ms, rx: 300ms, multiplier: 3}
  asn: {spine: 65100, leafBase: 65200}
  loopbacks: {router: %s, vtep: %s}
  overlay:
    protocol: ibgp
    asn: 65000
    reflectors: {role: spine}
    routeTarget: "65000:{vni}"
    routeDistinguisher: "{router-id}:{evi}"
  anycastMac: "00:1c:73:00:00:01"
  access: {mtu: 9000}
  links:
`, from, scalar(name), f.spines, f.leaves, f.parallel, linkPool, router, vtep)
	if len(links) == 0 {
		return nil, fmt.Errorf("there is no cable between a spine and a leaf")
	}
	for _, l := range links {
		fmt.Fprintf(&b, "    - {a: %q, b: %q", fmt.Sprintf("%s:%d", l.spine.name, l.spinePort), fmt.Sprintf("%s:%d", l.leaf.name, l.leafPort))
		if l.parallel > 1 {
			fmt.Fprintf(&b, ", parallel: %d", l.parallel)
		}
		b.WriteString("}\n")
	}
	return b.Bytes(), nil
}

func devicesText(from string, devices []*device) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Written by tenter init from %s.\n# credentials, tls and ssh are names in Tenter's settings: no secret is ever part of an intent.\n", from)
	for i, d := range devices {
		if i > 0 {
			b.WriteString("---\n")
		}
		trust := "tls"
		if d.family.dialect == "frr" {
			trust = "ssh"
		}
		fmt.Fprintf(&b, "apiVersion: tenter/v1\nkind: Device\nmetadata: {name: %s, labels: {%s}}\n", scalar(d.name), d.labelText())
		fmt.Fprintf(&b, "spec: {id: %d, dialect: %s, profile: %s, address: %q, credentials: lab, %s: lab}\n",
			d.id, d.family.dialect, scalar(d.family.profile), netip.AddrPortFrom(d.addr, uint16(d.family.port)), trust)
	}
	return b.Bytes()
}

// labelText returns the device's labels, its role first. Those that were for this command are left out, and those for
// containerlab's graphs.
func (d *device) labelText() string {
	parts := []string{"role: " + d.role}
	for _, k := range slices.Sorted(maps.Keys(d.labels)) {
		if !slices.Contains([]string{"role", "dialect", "profile", "id"}, k) && plain.MatchString(k) && !strings.HasPrefix(k, "graph-") {
			parts = append(parts, k+": "+scalar(d.labels[k]))
		}
	}
	return strings.Join(parts, ", ")
}

// plain is text that YAML takes for nothing but text, with the exceptions of words.
var (
	plain = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*$`)
	words = []string{"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
)

func scalar(s string) string {
	if plain.MatchString(s) && !slices.Contains(words, strings.ToLower(s)) {
		return s
	}
	return strconv.Quote(s)
}
