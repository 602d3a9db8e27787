package infer

import (
	"cmp"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
	"github.com/tenter-net/tenter/internal/tree"
)

// An Entry is a device as an inventory has it. Role and ID may be left to be guessed.
type Entry struct {
	Name    string
	Role    string // spine, leaf or nothing
	ID      int    // 0 for the next one, or the number that the name ends in
	Labels  map[string]string
	Dialect string
	Profile string
	Address string // host:port
	// Names in Tenter's settings.
	Credentials, TLS, SSH string
	Identity              intent.IdentitySpec
	Management            intent.ManagementSpec
}

// A Seen is a device of an inventory with what was read from it.
type Seen struct {
	Entry
	Tree   *tree.Tree
	Names  profile.Names
	Secret func(path.Path) bool // whether a leaf's value must not be shown
	Spared func(path.Path) bool // whether a leaf belongs to what the device is reached through
}

// readers turn configurations into models, by dialect. What no reader knows comes back as Config documents.
var readers = map[string]func(*tree.Tree, profile.Names) *fabric.Device{
	"openconfig": openConfig,
	"srlinux":    srLinux,
	"eos":        eos,
}

// A seen device has its place in the fabric, and its model if there is a reader.
type seen struct {
	Seen
	*device
	model *fabric.Device // empty without a reader, never nil
	read  bool
}

// A doc is one document that may be written.
type doc struct {
	file       string
	kind, name string
	labels     string   // of the metadata, in flow style
	notes      []string // what a reader should know, as comment
	spec       string   // lines below "spec:", or one value in flow style after it
	gone       bool     // it did not fit
	first      int      // line in its file, as last written
	last       int
}

// A guesser makes documents of models. What it leaves out, or gets wrong, the fit finds.
type guesser struct {
	devices []*seen // spines first, by id
	name    string
	known   []Cable
	docs    []*doc
	taken   map[string]bool   // kind/name
	dropped map[string]bool   // kind/name of what did not fit
	hush    map[string]bool   // device and path of leaves that documents must not show
	secrets map[string]string // values of the secrets that documents name
	bare    bool              // nothing of the fabric is guessed, for the guess was no sound document
	why     string            // the mistake in it
	plain   map[string]bool   // devices without overrides, for the same reason
}

// place gives the devices roles, ids and their order.
func place(list []Seen) ([]*seen, error) {
	var out []*seen
	var numbered []*device
	for _, s := range list {
		d := &seen{Seen: s, device: &device{name: s.Name, role: s.Role, id: s.ID, labels: s.Labels}, model: &fabric.Device{}}
		if read, ok := readers[s.Dialect]; ok {
			d.model, d.read = read(s.Tree, s.Names), true
		}
		if d.role == "" {
			d.role = guessRole(s.Name, d.model)
		}
		out, numbered = append(out, d), append(numbered, d.device)
	}
	sameVLANs(out)
	if err := number(numbered); err != nil {
		return nil, err
	}
	slices.SortFunc(out, func(a, b *seen) int {
		return cmp.Or(-cmp.Compare(a.role, b.role), cmp.Compare(a.id, b.id), cmp.Compare(a.name, b.name))
	})
	return out, nil
}

// sameVLANs gives layer 2 instances that do not say which VLAN they are of that of their namesakes: nothing but ports and
// gateways says it on some devices, and an instance may have neither.
func sameVLANs(devices []*seen) {
	known := map[string]int{}
	key := func(v fabric.MacVRF) string { return fmt.Sprint(v.Name, " ", v.VNI) }
	for _, d := range devices {
		for _, v := range d.model.MacVRFs {
			if v.VLAN != 0 {
				known[key(v)] = v.VLAN
			}
		}
	}
	for _, d := range devices {
		for i := range d.model.MacVRFs {
			if v := &d.model.MacVRFs[i]; v.VLAN == 0 {
				v.VLAN = known[key(*v)]
			}
		}
	}
}

// guessRole tells a spine by its name, or by reflecting routes.
func guessRole(name string, m *fabric.Device) string {
	for _, role := range []string{intent.RoleSpine, intent.RoleLeaf} {
		if strings.Contains(strings.ToLower(name), role) {
			return role
		}
	}
	for _, b := range m.BGP {
		for _, g := range b.Groups {
			if b.VRF == "" && g.ReflectTo && m.VTEP == nil {
				return intent.RoleSpine
			}
		}
	}
	return intent.RoleLeaf
}

// guess makes all documents anew.
func (g *guesser) guess() {
	g.docs, g.taken, g.secrets = nil, map[string]bool{}, map[string]string{}
	if g.bare {
		g.flatten()
	}
	f := g.fabric()
	g.add(f.doc(g.name))
	for _, d := range g.devices {
		g.add(g.device(d, f))
	}
	g.vrfs(f)
	ports := g.ports(f)
	g.vlans(f, ports)
	for _, p := range ports {
		g.add(p.doc())
	}
	g.peers()
	g.systems()
}

// flatten makes every device a leaf: what is no fabric has nothing between leaves, and a spine without links is a mistake.
func (g *guesser) flatten() {
	var all []*device
	for _, d := range g.devices {
		if d.role != intent.RoleLeaf {
			d.role, d.id = intent.RoleLeaf, 0
		}
		all = append(all, d.device)
	}
	for _, d := range all {
		if d.id == 0 {
			for d.id = 1; slices.ContainsFunc(all, func(o *device) bool { return o != d && o.id == d.id }); d.id++ {
			}
		}
	}
	slices.SortFunc(g.devices, func(a, b *seen) int { return cmp.Compare(a.id, b.id) })
}

func (g *guesser) add(d *doc) {
	if d != nil {
		d.gone = g.dropped[d.kind+"/"+d.name]
		g.docs = append(g.docs, d)
		g.taken[d.kind+"/"+d.name] = true
	}
}

// device writes a Device, with what it has other than the fabric would give it.
func (g *guesser) device(d *seen, f *frameGuess) *doc {
	parts := []string{fmt.Sprintf("id: %d", d.id), "dialect: " + d.Dialect}
	if d.Profile != "" && d.Profile != d.Dialect {
		parts = append(parts, "profile: "+scalar(d.Profile))
	}
	parts = append(parts, fmt.Sprintf("address: %q", d.Address), "credentials: "+scalar(d.Credentials))
	for _, t := range [][2]string{{"tls", d.TLS}, {"ssh", d.SSH}} {
		if t[1] != "" {
			parts = append(parts, t[0]+": "+scalar(t[1]))
		}
	}
	parts = append(parts, flow("identity", [][2]string{
		{"certificateSha256", string(d.Identity.CertificateSHA256)}, {"serial", d.Identity.Serial}, {"chassisMac", string(d.Identity.ChassisMAC)},
	})...)
	parts = append(parts, flow("management", [][2]string{
		{"interface", d.Management.Interface}, {"networkInstance", d.Management.NetworkInstance},
	})...)
	out := &doc{file: fileDevices, kind: "Device", name: d.name, labels: d.labelText()}
	if !g.plain[d.name] && !g.bare {
		over := f.overrides(d)
		if len(over) > 0 {
			out.notes = append(out.notes, "Numbered other than the fabric numbers its devices.")
		}
		parts = append(parts, over...)
	}
	if !d.read && d.Dialect != "native" {
		out.notes = append(out.notes, "Tenter cannot read this dialect back into kinds yet: what the device has is in Config documents.")
	}
	out.spec = "{" + strings.Join(parts, ", ") + "}"
	return out
}

// flow writes a mapping of texts in flow style, or nothing.
func flow(key string, values [][2]string) []string {
	var parts []string
	for _, v := range values {
		if v[1] != "" {
			parts = append(parts, v[0]+": "+quoted(v[1]))
		}
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{key + ": {" + strings.Join(parts, ", ") + "}"}
}

// validName is what a document may be called.
var validName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// unique returns a name made of words that no document of the kind has.
func (g *guesser) unique(kind, words string) string {
	name := slug(words)
	if name == "" {
		name = strings.ToLower(kind)
	}
	for i, base := 2, name; g.taken[kind+"/"+name]; i++ {
		name = fmt.Sprintf("%s-%d", base[:min(len(base), 58)], i)
	}
	g.taken[kind+"/"+name] = true
	return name
}

var noName = regexp.MustCompile(`[^a-z0-9]+`)

// slug makes a name of words.
func slug(words string) string {
	text := strings.Trim(noName.ReplaceAllString(strings.ToLower(words), "-"), "-")
	return strings.Trim(text[:min(len(text), 48)], "-")
}

// most returns the value that most of the list have, the smaller one of two that are as many.
func most[T cmp.Ordered](list []T) (best T, n int) {
	counts := map[T]int{}
	for _, v := range list {
		counts[v]++
	}
	for v, k := range counts {
		if k > n || k == n && v < best {
			best, n = v, k
		}
	}
	return best, n
}

func mostOr[T cmp.Ordered](list []T, none T) T {
	if v, n := most(list); n > 0 {
		return v
	}
	return none
}

// routerID is the address that BGP goes by in the default network instance, else that of the first loopback.
func (d *seen) routerID() netip.Addr {
	for _, b := range d.model.BGP {
		if b.VRF == "" && b.RouterID.IsValid() {
			return b.RouterID
		}
	}
	for _, i := range d.model.Interfaces {
		if i.ID == fabric.RouterLoopback {
			for _, s := range i.Subinterfaces {
				if len(s.IPv4) > 0 {
					return s.IPv4[0].Addr()
				}
			}
		}
	}
	return netip.Addr{}
}

func (d *seen) asn() uint32 {
	for _, b := range d.model.BGP {
		if b.VRF == "" {
			return b.ASN
		}
	}
	return 0
}

func (d *seen) vtep() netip.Addr {
	if d.model.VTEP == nil {
		return netip.Addr{}
	}
	return d.model.VTEP.Address
}
