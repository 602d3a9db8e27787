package compile

import (
	"fmt"
	"strings"
)

// checkMissing keeps the list of missing modules true: whoever publishes one of them later, or stops importing it,
// makes the list wrong, and what was left out for it may not be left out any more.
func (c *compiler) checkMissing() []error {
	var errs []error
	for _, name := range sorted(c.opts.Missing) {
		switch {
		case len(c.src.files[name]) > 0:
			errs = append(errs, fmt.Errorf("module %q is said to be missing and is there: %s", name, c.src.files[name][0]))
		case !c.src.missing[name]:
			errs = append(errs, fmt.Errorf("module %q is said to be missing, and nothing imports it", name))
		}
	}
	return errs
}

// needsMissing reports whether the target of an augment or deviation is a node of a missing module, and notes it. Such
// a node cannot be in the tree, so nothing of what is published stays as it should not be.
func (c *compiler) needsMissing(s *statement) bool {
	for step := range strings.SplitSeq(s.arg, "/") {
		prefix, _, qualified := strings.Cut(strings.TrimSpace(step), ":")
		if !qualified {
			continue
		}
		name := s.in.prefixes[prefix]
		if _, missing := c.src.missing[name]; missing {
			c.leftOut = append(c.leftOut, fmt.Sprintf("%s: %s %s", s.at, s.keyword, strings.Join(strings.Fields(s.arg), "")))
			return true
		}
	}
	return false
}
