package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/blocks"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// A judged is a change on its way to its risk.
type judged struct {
	*Change
	path path.Path
	gone bool       // it goes with its list entry
	have *tree.Tree // what the device has, nil if that is not known
}

// rule finds what the change means, nothing for most.
func (j judged) rule() (code RiskCode, score int, text string) {
	if j.path.Origin == blocks.Origin {
		return j.line()
	}
	for _, r := range riskRules[j.path.Origin] {
		switch {
		case len(r.actions) > 0 && !slices.Contains(r.actions, j.Action), r.after != "" && r.after != j.After, j.gone && !r.gone:
		case r.loses && !loses(j.Before, j.After):
		case !holds(j.path, r.node) || r.key != "" && !keyed(j.path, r.key):
		case j.Action == Add && !r.new && j.new(r.outer):
			return "", 0, ""
		default:
			return r.code, r.score, r.text
		}
	}
	return j.otherwise()
}

func (j judged) line() (code RiskCode, score int, text string) {
	texts, err := blocks.Texts(j.path)
	if err != nil || len(texts) == 0 {
		return j.otherwise()
	}
	line := strings.Fields(texts[len(texts)-1])
	for _, r := range lineRules {
		switch {
		case len(r.actions) > 0 && !slices.Contains(r.actions, j.Action), !begins(line, r.words, r.end):
		case j.gone && len(texts) > 1 && r.code != SessionRemoved: // the block says it
		case j.Action == Add && !r.new && j.new(false):
			return "", 0, ""
		default:
			return r.code, r.score, r.text
		}
	}
	return j.otherwise()
}

func (j judged) otherwise() (code RiskCode, score int, text string) {
	if j.Action == Delete {
		return Deleted, mediumScore, "deletes configuration"
	}
	return "", 0, ""
}

// begins reports whether a line begins with words, or is them.
func begins(line, words []string, end bool) bool {
	if len(line) < len(words) || end && len(line) > len(words) {
		return false
	}
	for i, w := range words {
		if w != "?" && w != line[i] {
			return false
		}
	}
	return true
}

// holds reports whether the names of node follow each other somewhere in p, from its beginning if the first is "/".
func holds(p path.Path, node []string) bool {
	follow := func(elems []path.Elem, node []string) bool {
		return len(elems) >= len(node) && slices.EqualFunc(node, elems[:len(node)], func(n string, e path.Elem) bool { return n == e.Name })
	}
	if node[0] == "/" {
		return follow(p.Elems, node[1:])
	}
	for i := range len(p.Elems) - len(node) + 1 {
		if p.Elems[i].Name == node[0] && follow(p.Elems[i:], node) {
			return true
		}
	}
	return false
}

// keyed reports whether one of the keys in p has the value.
func keyed(p path.Path, value string) bool {
	return slices.ContainsFunc(p.Elems, func(e path.Elem) bool {
		return slices.ContainsFunc(e.Keys, func(k path.Key) bool { return k.Value == value })
	})
}

// rate fills in the risk of a change of a device.
func (c *computation) rate(ch *Change, p path.Path) {
	if c.Protected.Covers(p) && ch.Action != Replace && p.Elems[len(p.Elems)-1].Name != "description" {
		ch.Code, ch.Score, ch.Reason = ManagementTouched, 90, "touches what the device is reached through"
	} else {
		ch.Code, ch.Score, ch.Reason = judged{Change: ch, path: p, gone: ch.Action == Delete && c.goes(p), have: c.Observed}.rule()
		if ch.Code == VLANRemoved && ch.Action == Delete {
			c.ports(ch, p)
		}
		if ch.Code == InstanceRemoved && ch.Action == Delete {
			c.members(ch, p)
		}
	}
	ch.Risk = riskOf(ch.Score)
}

// new reports whether the list entry that the leaf is in, the outermost or the innermost one, comes with it.
func (j judged) new(outer bool) bool {
	if j.have == nil {
		return false
	}
	if outer {
		return !j.have.Has(outermostEntry(j.path))
	}
	entry, _ := entryOf(j.path)
	return !j.have.Has(entry)
}

// goes reports whether the list entry that a leaf is in is deleted as a whole. A line is an entry of its own: of one that
// goes, its block is what may say more.
func (c *computation) goes(p path.Path) bool {
	entry, _ := entryOf(p)
	if entry.Origin == blocks.Origin && len(entry.Elems) > 0 {
		entry = entry.Parent()
	}
	i, ok := slices.BinarySearchFunc(c.deletes, entry, path.Compare)
	return ok || i > 0 && entry.HasPrefix(c.deletes[i-1])
}

// entryOf returns the list entry that a leaf is in, itself if it is in none.
func entryOf(p path.Path) (path.Path, bool) {
	for i := len(p.Elems) - 1; i >= 0; i-- {
		if len(p.Elems[i].Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}, true
		}
	}
	return p, false
}

// outermostEntry returns the first list entry on the way to a leaf, the leaf itself if there is none.
func outermostEntry(p path.Path) path.Path {
	for i, e := range p.Elems {
		if len(e.Keys) > 0 {
			return path.Path{Origin: p.Origin, Elems: p.Elems[:i+1]}
		}
	}
	return p
}

// loses reports whether a value is not what it was, or of several whether one is gone.
func loses(before, after string) bool {
	if !strings.HasPrefix(before, "[") {
		return before != after
	}
	items := func(list string) []string { return strings.Split(strings.Trim(list, "[]"), ", ") }
	now := items(after)
	return slices.ContainsFunc(items(before), func(v string) bool { return !slices.Contains(now, v) })
}

// ports makes the removal of a VLAN that ports of the device carry a high risk.
func (c *computation) ports(ch *Change, p path.Path) {
	entry, ok := entryOf(p)
	if !ok {
		return
	}
	id := entry.Elems[len(entry.Elems)-1].Keys[0].Value
	if c.carriers == nil {
		c.carriers = carriers(c.Observed)
	}
	if n := c.carriers[id]; n > 0 {
		ch.Score, ch.Reason = 65, fmt.Sprintf("removes VLAN %s with %s in it", id, plural(n, "port"))
	}
}

// members says of a network instance that goes what is in it.
func (c *computation) members(ch *Change, p path.Path) {
	entry, ok := entryOf(p)
	if !ok || p.Origin != "srl_nokia" {
		return
	}
	kind, n := "a network instance", 0
	for l := range c.Observed.Under(entry) {
		switch {
		case len(l.Path.Elems) == 2 && l.Path.Elems[1].Name == "type" && strings.HasSuffix(l.Value.Text(), "mac-vrf"):
			kind, ch.Code = "VLAN "+entry.Elems[len(entry.Elems)-1].Keys[0].Value, VLANRemoved
		case len(l.Path.Elems) == 3 && l.Path.Elems[1].Name == "interface" && l.Path.Elems[2].Name == "name" && !strings.HasPrefix(l.Value.Text(), "irb"):
			n++
		}
	}
	switch {
	case n > 0:
		ch.Reason = fmt.Sprintf("removes %s with %s in it", kind, plural(n, "port"))
	case ch.Code == VLANRemoved:
		ch.Score, ch.Reason = 40, "removes a VLAN"
	}
}
