package app

import (
	"fmt"
	"slices"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/policy"
	"github.com/tenter-net/tenter/internal/settings"
	"github.com/tenter-net/tenter/internal/tree"
)

// codeOddPolicy is of policies that can be meant so, and hardly are: nothing is ever written, or nobody can approve.
const codeOddPolicy intent.Code = "T0955"

// sometime is where the search for the end of a window begins; any time would do.
var sometime = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// groupsOf are the groups that the settings know people of; ok is false where they know nobody, and tokens alone say who is.
func groupsOf(users []settings.User) (groups []string, ok bool) {
	for _, u := range users {
		groups = append(groups, u.Groups...)
	}
	return groups, len(users) > 0
}

// odd warns of windows that deny for ever, and of approvals by groups that nobody is in.
func (c *compiler) odd(out *Compiled) intent.Diagnostics {
	var all intent.Diagnostics
	warn := func(from tree.Source, about, format string, args ...any) {
		all = append(all, intent.Diagnostic{
			Severity: intent.SeverityWarning, Code: codeOddPolicy, About: about,
			File: from.File, Line: from.Line, Column: from.Column, Message: fmt.Sprintf(format, args...),
		})
	}
	windows, err := policy.NewWindows(out.Fabric.Windows)
	if err != nil { // it is told where the windows are put in force
		return nil
	}
	for _, w := range windows {
		if !w.Allow && w.Endless(sometime) {
			warn(w.Source, "a window denies without an end",
				"window %q never closes: it opens at %q for %s, and opens again before that is over; nothing is ever written to its devices", w.Name, w.Cron, w.Duration)
		}
	}
	known, ok := groupsOf(c.users)
	if !ok {
		return all
	}
	for _, a := range out.Fabric.Approvals {
		for _, group := range slices.Concat(a.Groups, a.EscalateTo) {
			if !slices.Contains(known, group) {
				warn(a.Source, "approvals of a group that nobody is in",
					"approval policy %q: nobody of access.users is in the group %q; besides, only a token made with --group %s is", a.Name, group, group)
			}
		}
	}
	return all
}
