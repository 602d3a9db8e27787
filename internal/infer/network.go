package infer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// Compiled is what documents come to on devices.
type Compiled interface {
	Desired(device string) *tree.Tree // nil for a device that the documents don't have
	Source(id tree.SourceID) tree.Source
}

// NetworkOptions are what inferring a network needs besides its devices.
type NetworkOptions struct {
	Name string // of the fabric
	From string // where the devices were read, for people
	// Cables that are known besides those that the devices show.
	Cables []Cable
	// Compile renders documents, with the values of the secrets that they name. The Compiled is nil if the diagnostics hold
	// an error.
	Compile func(files map[string][]byte, secrets map[string]string) (Compiled, intent.Diagnostics)
}

// A Network is the documents of running devices, and how much of each they say.
type Network struct {
	Files    map[string][]byte
	Devices  []Count // spines first, by id
	Secrets  []Named // values that Tenter must be given before it can plan, by name
	Warnings intent.Diagnostics
}

// Count is how the leaves of one device came back. What the device is reached through is spared: no document is to
// touch it. What only is as the model has it by default is nobody's wish.
type Count struct {
	Device  string
	Role    string
	ID      int
	Dialect string
	Typed   int // by a kind that says what is meant
	Rest    int // by Config documents
	Spared  int
	Default int
	Unsaid  int // nothing can be said of it, such as a value that the schema does not have
}

// Total is how many leaves were to be said.
func (c Count) Total() int { return c.Typed + c.Rest + c.Unsaid }

// Named is a secret that a document names.
type Named struct{ Name, Value string }

// Sum adds up the counts.
func (n *Network) Sum() Count {
	var sum Count
	for _, c := range n.Devices {
		sum.Typed += c.Typed
		sum.Rest += c.Rest
		sum.Spared += c.Spared
		sum.Default += c.Default
		sum.Unsaid += c.Unsaid
	}
	return sum
}

// mostRounds is more than guesses need to settle.
const mostRounds = 12

// FromDevices makes documents that come to what the devices have: kinds as far as they fit, Config documents for the
// rest. It renders and compares them, so that what it returns wants no change on any device; where it cannot make that
// so, it fails and says of which leaves.
func FromDevices(list []Seen, o NetworkOptions) (*Network, error) {
	if len(list) == 0 {
		return nil, errors.New("there is no device")
	}
	if err := checkNames(list); err != nil {
		return nil, err
	}
	devices, err := place(list)
	if err != nil {
		return nil, err
	}
	g := &guesser{devices: devices, name: slug(o.Name), known: o.Cables, dropped: map[string]bool{}, plain: map[string]bool{}, hush: map[string]bool{}}
	if g.name == "" {
		g.name = "fabric"
	}
	if err := g.fitKinds(o); err != nil {
		return nil, err
	}
	return g.fitRest(o)
}

// checkNames reports the names that a document cannot have.
func checkNames(list []Seen) error {
	var errs []error
	there := map[string]bool{}
	for _, s := range list {
		switch {
		case !validName.MatchString(s.Name):
			errs = append(errs, fmt.Errorf("device %q: a document is called by lower-case letters, digits and dashes: name it otherwise in the inventory, as in %q", s.Name, slug(s.Name)))
		case there[s.Name]:
			errs = append(errs, fmt.Errorf("device %q: it is in the inventory twice", s.Name))
		}
		there[s.Name] = true
	}
	return errors.Join(errs...)
}

// fitKinds guesses until the documents are sound and each says more that is so than is not.
func (g *guesser) fitKinds(o NetworkOptions) error {
	var diags intent.Diagnostics
	for range mostRounds {
		g.guess()
		var c Compiled
		c, diags = o.Compile(g.files(o.From), g.secrets)
		if diags.HasErrors() {
			if !g.blame(diags) {
				break
			}
			continue
		}
		if !g.judge(c) {
			return nil
		}
	}
	return fmt.Errorf("no sound documents come of these devices:\n%s", diags.Text())
}

// blame changes what a mistake is in, and reports whether there was something to change.
func (g *guesser) blame(diags intent.Diagnostics) bool {
	changed := false
	for _, x := range diags {
		if x.Severity != intent.SeverityError {
			continue
		}
		d := g.docAt(x.File, x.Line)
		switch {
		case d == nil:
		case d.kind == "Fabric", d.kind == "Device" && g.plain[d.name]:
			if !g.bare {
				changed, g.bare, g.why = true, true, x.Message
			}
		case d.kind == "Device":
			changed, g.plain[d.name] = true, true
		default:
			changed, g.dropped[d.kind+"/"+d.name] = true, true
		}
	}
	return changed
}

// judge drops the documents that say more that is not so than half of what is, and reports whether there were any.
func (g *guesser) judge(c Compiled) bool {
	right, wrong := map[string]int{}, map[string]int{}
	for _, d := range g.devices {
		for l := range c.Desired(d.name).All() {
			at := c.Source(l.Source)
			key := at.Kind + "/" + at.Name
			if have, _ := d.Tree.Get(l.Path); have.Value == l.Value || have.Value.Kind() == schema.KindKeys {
				right[key]++
			} else {
				wrong[key]++
			}
		}
	}
	dropped := false
	for _, d := range g.docs {
		key := d.kind + "/" + d.name
		if d.gone || d.kind == "Fabric" || d.kind == "Device" || 2*wrong[key] <= right[key] {
			continue
		}
		g.dropped[key], dropped = true, true
	}
	return dropped
}

// fitRest adds Config documents until nothing differs.
func (g *guesser) fitRest(o NetworkOptions) (*Network, error) {
	typed, kinds := len(g.docs), g.secretsCopy()
	c, diags := o.Compile(g.files(o.From), g.secrets)
	if diags.HasErrors() {
		return nil, fmt.Errorf("no sound documents come of these devices:\n%s", diags.Text())
	}
	mute := map[string]bool{} // device and path of what cannot be said
	var left []string
	for range mostRounds {
		g.docs, g.secrets = g.docs[:typed], kinds()
		g.rest(c, mute)
		files := g.files(o.From)
		full, diags := o.Compile(files, g.secrets)
		if diags.HasErrors() {
			if !g.silence(diags, mute) {
				return nil, fmt.Errorf("no sound documents come of these devices:\n%s", diags.Text())
			}
			continue
		}
		if left = g.differing(full, mute); len(left) == 0 {
			return g.result(files, full, diags), nil
		}
	}
	return nil, fmt.Errorf("the documents would change the devices, so none was written: %s", strings.Join(left[:min(len(left), 10)], ", "))
}

func (g *guesser) secretsCopy() func() map[string]string {
	kept := map[string]string{}
	for k, v := range g.secrets {
		kept[k] = v
	}
	return func() map[string]string {
		out := map[string]string{}
		for k, v := range kept {
			out[k] = v
		}
		return out
	}
}

// differing names the leaves that the documents want otherwise than they are, and silences those of Config documents.
func (g *guesser) differing(c Compiled, mute map[string]bool) []string {
	var left []string
	for _, d := range g.devices {
		for ch := range tree.Diff(d.Tree, c.Desired(d.name)) {
			if ch.After == "" {
				continue
			}
			if ch.After.Kind() == schema.KindKeys && (ch.Before == "" && d.Tree.Has(ch.Path) || sameOrder(ch.Before, ch.After)) {
				continue // a device need not say in which order its entries are
			}
			left = append(left, d.name+" "+ch.Path.String())
			mute[d.name+ch.Path.String()] = true
		}
	}
	return left
}

// sameOrder reports whether entries that both sequences have are in the same order, and the first has all of the second.
func sameOrder(have, want schema.Value) bool {
	all := have.Entries()
	at := -1
	for _, e := range want.Entries() {
		i := slices.Index(all, e)
		if i <= at {
			return false
		}
		at = i
	}
	return true
}

// result counts the leaves of each device.
func (g *guesser) result(files map[string][]byte, c Compiled, diags intent.Diagnostics) *Network {
	out := &Network{Files: files, Warnings: diags}
	for _, d := range g.devices {
		n := Count{Device: d.name, Role: d.role, ID: d.id, Dialect: d.Dialect}
		desired := c.Desired(d.name)
		for l := range d.Tree.All() {
			want, ok := desired.Get(l.Path)
			switch {
			case ok && c.Source(want.Source).Kind == string(intent.KindConfig):
				n.Rest++
			case ok:
				n.Typed++
			case d.Spared(l.Path):
				n.Spared++
			case byDefault(d.Tree, l):
				n.Default++
			default:
				n.Unsaid++
			}
		}
		out.Devices = append(out.Devices, n)
	}
	for name, value := range g.secrets {
		out.Secrets = append(out.Secrets, Named{name, value})
	}
	slices.SortFunc(out.Secrets, func(a, b Named) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// byDefault reports whether a leaf says nothing that the model does not say, or only in which order entries are.
func byDefault(t *tree.Tree, l tree.Leaf) bool {
	n, ok := t.Table().Roots().Node(l.Path)
	return ok && (n.Default() == l.Value || l.Value.Kind() == schema.KindKeys)
}

// keyed returns the outermost list entry on a path of which a tree has nothing, else the path.
func keyed(t *tree.Tree, p path.Path) path.Path {
	for i, e := range p.Elems {
		at := path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}
		if len(e.Keys) > 0 && !t.Has(at) {
			return at
		}
	}
	return p
}
