package compile

import (
	"regexp"
	"strings"

	"github.com/tenter-net/tenter/internal/schema"
)

var prefixed = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_.-]*:[A-Za-z_]`)

var matching = regexp.MustCompile(`(re-match\([^'"]*)('[^']*'|"[^"]*")`)

// rewrite returns an XPath expression with each prefix replaced by its module's name, also in string literals, where
// identities stand, and the patterns of re-match in Go's syntax.
func (c *compiler) rewrite(s *statement) string {
	text := strings.Join(strings.Fields(s.arg), " ")
	text = matching.ReplaceAllStringFunc(text, func(m string) string {
		parts := matching.FindStringSubmatch(m)
		quote, pattern := parts[2][:1], parts[2][1:len(parts[2])-1]
		re, exact, err := translate(pattern)
		if err != nil || !exact || strings.Contains(re, quote) {
			c.note("pattern %q of re-match: not translated", pattern)
			return strings.Replace(m, "re-match", "re-match-xsd", 1) // no function that anybody evaluates
		}
		return parts[1] + quote + re + quote
	})
	return prefixed.ReplaceAllStringFunc(text, func(m string) string {
		prefix, first, _ := strings.Cut(m, ":")
		if mod, err := c.src.module(s, prefix); err == nil {
			return mod.name + ":" + first
		}
		return m
	})
}

func (c *compiler) rewriteAll(list []xpath) []schema.XPath {
	var out []schema.XPath
	for _, x := range list {
		out = append(out, schema.XPath{Text: c.rewrite(x.def), Up: x.up})
	}
	return out
}

var predicate = regexp.MustCompile(`\[[^\]]*\]`)

// follow resolves a leafref's path from node n and gives the type its target's.
func (c *compiler) follow(n *node, s *statement, t *schema.Type) error {
	if c.following++; c.following > 50 {
		return s.errorf("leafref %q refers to itself", s.arg)
	}
	defer func() { c.following-- }()
	text := strings.Join(strings.Fields(predicate.ReplaceAllString(s.arg, "")), "")
	if strings.HasPrefix(text, "deref(") {
		return s.errorf("leafref %q: deref is not supported", s.arg)
	}
	at := n
	if strings.HasPrefix(text, "/") {
		at, text = c.root, text[1:]
	}
	text = strings.TrimPrefix(text, "current()/")
	for step := range strings.SplitSeq(text, "/") {
		switch {
		case step == ".":
		case step == "..":
			if at.parent == nil {
				return s.errorf("leafref %q leads out of the tree", s.arg)
			}
			at = at.dataParent()
		default:
			next := at.dataChild(step[strings.LastIndexByte(step, ':')+1:])
			if next == nil {
				return s.errorf("leafref %q of %s: %s has no %q", s.arg, n.path(), at.path(), step)
			}
			at = next
		}
	}
	if at.kind != kindLeaf && at.kind != kindLeafList {
		return s.errorf("leafref %q of %s: its target is no leaf", s.arg, n.path())
	}
	target, _, err := c.resolve(at, at.typ)
	if err != nil {
		return err
	}
	t.Members, t.Target = []int{target}, at.id
	return nil
}

// dataChild finds a child by name, looking through choices and cases; one that is off only if there is no other.
func (n *node) dataChild(name string) *node {
	var off *node
	for _, k := range n.kids {
		if k.kind == kindChoice || k.kind == kindCase {
			k = k.dataChild(name)
		}
		switch {
		case k == nil || k.name != name:
		case !k.off:
			return k
		default:
			off = k
		}
	}
	return off
}
