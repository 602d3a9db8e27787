package fabric

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/intent"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

func (c *compiler) chosen(sel *intent.Selector) []*Device {
	var out []*Device
	for _, d := range c.set.Select(sel) {
		if m := c.devices[intent.DeviceName(d.Name)]; m != nil {
			out = append(out, m)
		}
	}
	return out
}

// systems adds up the System documents of each device. The loader has made sure that they agree.
func (c *compiler) systems() {
	for _, s := range c.set.Systems {
		for _, d := range c.chosen(s.Spec.Devices) {
			system(&d.System, s)
		}
	}
}

func system(y *System, doc *intent.System) {
	s := &doc.Spec
	text := func(t *Text, value string, at ...any) {
		if value != "" {
			*t = Text{Value: value, Source: doc.Source(at...)}
		}
	}
	server := func(list *[]Server, x Server) {
		if !slices.ContainsFunc(*list, func(o Server) bool { return o.Address == x.Address }) {
			*list = append(*list, x)
		}
	}
	text(&y.Timezone, string(s.TimeZone), "timeZone")
	if b := s.Banner; b != nil {
		text(&y.Login, b.Login, "banner", "login")
		text(&y.MOTD, b.MOTD, "banner", "motd")
	}
	if n := s.NTP; n != nil {
		for i, x := range n.Servers {
			server(&y.NTP, Server{Address: string(x.Address), Source: doc.Source("ntp", "servers", i), VRF: x.NetworkInstance, Prefer: x.Prefer})
		}
	}
	if n := s.DNS; n != nil {
		text(&y.Domain, n.Domain, "dns", "domain")
		for i, x := range n.Search {
			if !slices.ContainsFunc(y.Search, func(o Text) bool { return o.Value == x }) {
				y.Search = append(y.Search, Text{Value: x, Source: doc.Source("dns", "search", i)})
			}
		}
		for i, x := range n.Servers {
			server(&y.DNS, Server{Address: string(x), Source: doc.Source("dns", "servers", i), VRF: n.NetworkInstance})
		}
	}
	for i, x := range s.Syslog {
		if slices.ContainsFunc(y.Syslog, func(o Syslog) bool { return o.Address == string(x.Address) }) {
			continue
		}
		y.Syslog = append(y.Syslog, Syslog{
			Address: string(x.Address), Source: doc.Source("syslog", i), Port: cmp.Or(x.Port, 514),
			Facility: cmp.Or(x.Facility, "local7"), Severity: cmp.Or(x.Severity, "informational"), VRF: x.NetworkInstance,
		})
	}
}

// configs hands on the leaves of Config documents, lowest priority first, else in the order of files and lines.
func (c *compiler) configs() {
	for _, doc := range c.set.Configs {
		for _, d := range c.chosen(doc.Spec.Devices) {
			for i, l := range doc.Spec.Leaves {
				leaf := ConfigLeaf{Origin: doc.Spec.Tree(), Path: l.Path, Value: l.Value, Omit: l.Omit, Priority: doc.Spec.Priority, Source: doc.Source("leaves", i)}
				if l.ValueFrom != nil {
					leaf.Secret = l.ValueFrom.Secret
				}
				d.Config = append(d.Config, leaf)
			}
		}
	}
	for _, d := range c.devices {
		slices.SortStableFunc(d.Config, func(a, b ConfigLeaf) int {
			return cmp.Or(cmp.Compare(a.Priority, b.Priority), compareSources(a.Source, b.Source))
		})
	}
}

func compareSources(a, b tree.Source) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// deletes is the bound that a Scope sets; what it leaves out is as without it.
func deletes(m *intent.MaxDeletes, by tree.Source) DeleteBound {
	b := DeleteBound{UsualDeletes.Leaves, UsualDeletes.Percent, by}
	if m.Leaves != nil {
		b.Leaves = *m.Leaves
	}
	if m.Percent != nil {
		b.Percent = *m.Percent
	}
	return b
}

// rules collects the policies of each device, most specific first.
func (c *compiler) rules() {
	for _, doc := range c.set.Scopes {
		for _, d := range c.chosen(doc.Spec.Devices) {
			for i, r := range doc.Spec.Rules {
				d.Scope = append(d.Scope, ScopeRule{Pattern: r.Path, Action: ScopeAction(r.Action), Source: doc.Source("rules", i)})
			}
			for i, p := range doc.Spec.Protect {
				d.Protected = append(d.Protected, Protected{Pattern: p, Source: doc.Source("protect", i)})
			}
			if m := doc.Spec.MaxDeletes; m != nil {
				d.Deletes = append(d.Deletes, deletes(m, doc.Source("maxDeletes")))
			}
		}
	}
	for _, doc := range c.set.DriftPolicies {
		for _, d := range c.chosen(doc.Spec.Devices) {
			for i, r := range doc.Spec.Rules {
				d.Drift = append(d.Drift, DriftRule{
					Pattern: r.Path, Mode: DriftMode(r.Mode), Until: r.Until.Time, Reason: r.Reason, Source: doc.Source("rules", i),
					Severity: r.Severity, Grace: time.Duration(r.Grace),
				})
			}
		}
	}
	for _, d := range c.devices {
		slices.SortStableFunc(d.Scope, func(a, b ScopeRule) int { return comparePatterns(a.Pattern, b.Pattern) })
		slices.SortStableFunc(d.Drift, func(a, b DriftRule) int { return comparePatterns(a.Pattern, b.Pattern) })
	}
}

// comparePatterns puts the more specific pattern first: the one with more elements that name something, then with
// more keys that do, then with fewer wildcards; the text decides between equals.
func comparePatterns(a, b string) int {
	return cmp.Or(slices.Compare(specificity(b), specificity(a)), cmp.Compare(a, b))
}

func specificity(pattern string) []int {
	p, err := path.Parse(pattern)
	if err != nil {
		return []int{0, 0, 0}
	}
	names, keys := 0, 0
	for _, e := range p.Elems {
		if e.Name != "**" && e.Name != "..." && e.Name != "*" {
			names++
		}
		for _, k := range e.Keys {
			if !strings.Contains(k.Value, "*") {
				keys++
			}
		}
	}
	return []int{names, keys, -strings.Count(pattern, "*")}
}

// schedules resolves the devices of each Schedule.
func (c *compiler) schedules() []Schedule {
	var out []Schedule
	for _, doc := range c.set.Schedules {
		s := Schedule{
			Name: doc.Name, Source: doc.Source(), Cron: string(doc.Spec.Cron), Zone: string(doc.Spec.TimeZone), Action: ScheduleAction(doc.Spec.Action),
		}
		for _, d := range c.set.Select(doc.Spec.Devices) {
			s.Devices = append(s.Devices, intent.DeviceName(d.Name))
		}
		out = append(out, s)
	}
	return out
}
