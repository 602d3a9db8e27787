package plan

import (
	"github.com/tenter-net/tenter/internal/fabric"
	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
	"github.com/tenter-net/tenter/internal/tree"
)

// An Input is all that one device's plan depends on. All trees are of one table.
type Input struct {
	Device   intent.DeviceName
	Desired  *tree.Tree
	Observed *tree.Tree
	Problems []tree.Problem // what of the device could not be read
	Applied  *tree.Tree     // what Tenter wrote and read back; secrets as digests
	Unproven []path.Path    // what Tenter set out to write besides, and never read back

	Part Part
	// Back is what a run wrote, of Reverse: what was there before, and what came after. Its secrets are digests.
	Back []tree.Change
	// Kept is what the device had when its backup was made, of Restore, and Unkept what of that cannot be read any more. Its
	// secrets are digests.
	Kept   *tree.Tree
	Unkept []tree.Problem
	// Only limits what of the drift a Remedy or Heeding puts right to some paths; nil means all.
	Only func(path.Path) bool

	Scope     Scope
	Protected Protection
	Secrets   *Secrets
	Together  Together
	Roots     *schema.Roots
	Sources   *tree.Sources // of Desired
}

// A Result is a device's plan and what carrying it out needs. Only Plan may be stored: the rest may hold secrets.
type Result struct {
	Plan     DevicePlan
	Edit     tree.Edit
	Writes   []tree.Change // every leaf that the edit changes, in canonical order
	Claims   []tree.Leaf   // desired leaves that the device has already
	Releases []path.Path   // owned leaves that are neither desired nor on the device
}

// Compute compares what is wanted of a device with what it has.
func Compute(in Input) Result {
	c := &computation{Input: in, unproven: map[string]bool{}, illegible: map[string]string{}}
	for _, p := range in.Problems {
		c.illegible[p.Path] = p.Reason
	}
	for _, p := range in.Unproven {
		c.unproven[p.String()] = true
	}
	c.shaper = newShaper(in, c.ours)
	target := in.Desired
	if in.Part == Remedy {
		target = in.Applied
	}
	var w wishes
	if in.Part == Reverse || in.Part == Restore {
		c.shaper.ours = func(path.Path) bool { return true }
		if in.Part == Restore {
			c.bringBack(&w)
		} else {
			c.takeBack(&w)
		}
		return c.result(w)
	}
	for ch := range tree.Diff(in.Observed, target) {
		switch {
		case ch.After == "":
			c.remove(&w, ch)
		case ch.After.Kind() == schema.KindKeys:
			c.reorder(&w, ch)
		default:
			c.write(&w, ch)
		}
	}
	return c.result(w)
}

// result shapes the wishes, and says what comes of them.
func (c *computation) result(w wishes) Result {
	edit, writes := c.shape(w)
	r := Result{Edit: edit, Writes: writes}
	if c.Part != Remedy && c.Part != Reverse && c.Part != Restore {
		r.Claims, r.Releases = c.bookkeeping()
	}
	r.Plan = c.describe(r)
	return r
}

type computation struct {
	Input
	*shaper
	unproven  map[string]bool
	carriers  map[string]int    // ports by VLAN, once somebody asks
	illegible map[string]string // why something that the device sent cannot be read, by path
}

// write decides about a leaf that the device lacks or has another value for.
func (c *computation) write(w *wishes, ch tree.Change) {
	p := ch.Path
	if c.Secrets.Same(p, ch.Before, ch.After) || !c.writes(p) {
		return
	}
	if c.Part == Remedy {
		if !c.remedies(ch) {
			return
		}
		leaf, _ := c.Desired.Get(p)
		ch.Source = leaf.Source
		if Hidden(ch.After) {
			if !c.Secrets.Same(p, ch.After, leaf.Value) {
				c.note(p, "its secret is another one in the intents now: only a new plan can set it")
				return
			}
			ch.After = leaf.Value
		}
	}
	if c.leaves(ch) {
		return
	}
	if ch.Before == "" && len(c.illegible) > 0 {
		if why := c.illegible[p.String()]; why != "" {
			if c.Secrets.Is(p) {
				why = "it is secret"
			}
			c.note(p, "what the device has here cannot be read: "+why)
		}
	}
	w.sets = append(w.sets, ch)
}

// leaves reports whether the part leaves a change to the drift policy, or to the people that it wants to be asked.
func (c *computation) leaves(ch tree.Change) bool {
	switch c.Part {
	case Pending:
		return c.cause(ch) == ByDrift
	case Heeding:
		return c.Only != nil && c.cause(ch) == ByDrift && !c.Only(ch.Path)
	case Whole, Remedy, Reverse, Restore:
	}
	return false
}

// remedies reports whether a remedy is to touch a leaf. One that is as the intents want it by now needs none, even
// if something else was applied.
func (c *computation) remedies(ch tree.Change) bool {
	if c.Only != nil && !c.Only(ch.Path) {
		return false
	}
	leaf, _ := c.Desired.Get(ch.Path)
	return !c.Secrets.Same(ch.Path, leaf.Value, ch.Before)
}

// writes reports whether the scope allows writing, and notes it where the intents want what it does not allow.
func (c *computation) writes(p path.Path) bool {
	a := c.Scope.Action(p)
	if a == fabric.Report || a == fabric.Ignore {
		c.note(p, "wanted, but the scope is "+string(a))
		return false
	}
	return true
}

// remove decides about a leaf that the device has and nobody wants.
func (c *computation) remove(w *wishes, ch tree.Change) {
	if ch.Before.Kind() == schema.KindKeys {
		w.dels = append(w.dels, del{Change: ch, neutral: true})
		w.orders = append(w.orders, ch)
		return
	}
	action := c.Scope.Action(ch.Path)
	if action != fabric.Own && action != fabric.Merge {
		return
	}
	owned := c.owned(ch.Path)
	if !owned && c.implied(ch) {
		w.dels = append(w.dels, del{Change: ch, neutral: true})
		return
	}
	if action == fabric.Merge && !owned || c.Part == Remedy && (owned || !c.remedies(ch)) || c.leaves(ch) {
		return
	}
	if c.Protected.Covers(ch.Path) {
		c.note(ch.Path, "protected: never deleted")
		return
	}
	w.dels = append(w.dels, del{Change: ch})
}

// ours reports whether a leaf is declared or owned.
func (c *computation) ours(p path.Path) bool {
	_, desired := c.Desired.Find(p)
	return desired || c.owned(p)
}

func (c *computation) owned(p path.Path) bool {
	_, applied := c.Applied.Find(p)
	return applied || len(c.unproven) > 0 && c.unproven[p.String()]
}

// implied reports whether a device shows the leaf though nobody configured it.
func (c *computation) implied(ch tree.Change) bool {
	n, ok := c.Roots.Node(ch.Path)
	return ok && n.Default() == ch.Before
}

// reorder decides about a user-ordered list whose key sequence is not the wanted one.
func (c *computation) reorder(w *wishes, ch tree.Change) {
	if ch.Before == "" && c.Observed.Has(ch.Path) {
		return // the device does not say in which order its entries are
	}
	if c.leaves(ch) {
		ch.After = ch.Before // only what becomes of it when entries come and go
	}
	w.orders = append(w.orders, ch)
}

// bookkeeping finds what needs no write to come into Tenter's care, or to leave it.
func (c *computation) bookkeeping() (claims []tree.Leaf, releases []path.Path) {
	for ch := range tree.Diff(c.Applied, c.Desired) {
		if c.Secrets.Same(ch.Path, ch.Before, ch.After) {
			continue
		}
		have, _ := c.Observed.Get(ch.Path)
		switch {
		case ch.After == "" && have.Value == "":
			releases = append(releases, ch.Path)
		case ch.After != "" && c.Scope.Writes(ch.Path) && (have.Value == ch.After || sameOrder(have.Value, ch.After)):
			claims = append(claims, tree.Leaf{Path: ch.Path, Value: ch.After, Source: ch.Source})
		}
	}
	for _, p := range c.Unproven {
		_, applied := c.Applied.Find(p)
		_, desired := c.Desired.Find(p)
		_, there := c.Observed.Find(p)
		if !applied && !desired && !there {
			releases = append(releases, p)
		}
	}
	return claims, releases
}
