package intent

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/tenter-net/tenter/internal/path"
)

// systems checks that the Systems of a device agree.
func (c *checker) systems() {
	type setting struct {
		device *Device
		name   string
	}
	type value struct {
		doc *System
		at  At
		v   any
	}
	first := map[setting]value{}
	for _, s := range c.Systems {
		c.selector(s.Document, s.Spec.Devices)
		for _, d := range c.Select(s.Spec.Devices) {
			for _, x := range systemSettings(s) {
				k := setting{d, x.name}
				o, ok := first[k]
				if !ok {
					first[k] = value{s, x.at, x.value}
					continue
				}
				if !reflect.DeepEqual(o.v, x.value) {
					c.add(s.Errorf(CodeSettingTwice, x.at, "Systems %q and %q disagree on the %s of %s", o.doc.Name, s.Name, x.name, d.Name).
						WithRelated(o.doc.Source(o.at...), o.doc.Name))
				}
			}
		}
	}
}

type systemSetting struct {
	name  string
	at    At
	value any
}

// systemSettings lists what a System says, one by one. Servers are settings by their address: two documents may list
// different servers, and their lists add up.
func systemSettings(s *System) (out []systemSetting) {
	add := func(name string, value any, at ...any) {
		if !reflect.ValueOf(value).IsZero() {
			out = append(out, systemSetting{name, at, value})
		}
	}
	add("time zone", s.Spec.TimeZone, "timeZone")
	if b := s.Spec.Banner; b != nil {
		add("login banner", b.Login, "banner", "login")
		add("message of the day", b.MOTD, "banner", "motd")
	}
	if n := s.Spec.NTP; n != nil {
		for i, x := range n.Servers {
			add(fmt.Sprintf("NTP server %s", x.Address), x, "ntp", "servers", i)
		}
	}
	if n := s.Spec.DNS; n != nil {
		add("domain", n.Domain, "dns", "domain")
		for i, x := range n.Servers {
			add(fmt.Sprintf("DNS server %s", x), n.NetworkInstance+" "+string(x), "dns", "servers", i)
		}
	}
	for i, x := range s.Spec.Syslog {
		add(fmt.Sprintf("syslog server %s", x.Address), x, "syslog", i)
	}
	return out
}

// configs checks paths and values of Config documents. Whether a device knows them is for its schema to say.
func (c *checker) configs() {
	for _, d := range c.Configs {
		c.selector(d.Document, d.Spec.Devices)
		for _, dev := range c.Select(d.Spec.Devices) {
			if dev.Spec.Dialect != "" && d.Spec.Dialect != "" && dev.Spec.Dialect != d.Spec.Dialect {
				c.add(d.Errorf(CodeCombination, At{"dialect"}, "%s speaks %s", dev.Name, dev.Spec.Dialect).WithRelated(dev.Source("dialect"), dev.Name))
			}
		}
		first := map[string]int{}
		for i, l := range d.Spec.Leaves {
			at := At{"leaves", i, "path"}
			n := d.node(At{"spec", "leaves", i})
			_, hasValue := lookup(n, "value")
			_, hasFrom := lookup(n, "valueFrom")
			switch {
			case l.Omit && (hasValue != nil || hasFrom != nil):
				c.add(d.Errorf(CodeCombination, At{"leaves", i, "omit"}, "a leaf that is omitted has no value"))
			case l.Omit && d.Spec.Priority == 0:
				c.add(d.Errorf(CodeCombination, At{"leaves", i, "omit"}, "omit takes away what others say, so its Config needs a priority").WithHint("priority: 1"))
			case l.Omit:
			case hasValue == nil && hasFrom == nil:
				c.add(d.Errorf(CodeCombination, At{"leaves", i}, "a leaf has a value or a valueFrom"))
			case hasValue != nil && hasFrom != nil:
				c.add(d.Errorf(CodeCombination, At{"leaves", i, "valueFrom"}, "a leaf has a value or a valueFrom, not both"))
			case hasValue != nil && secretPath(l.Path):
				c.add(d.Errorf(CodeSecret, At{"leaves", i, "value"}, "a secret is never written into an intent").
					WithHint("valueFrom: {secret: NAME}"))
			}
			if l.Path == "" {
				continue
			}
			p, err := path.Parse(l.Path)
			if err != nil {
				c.path(d.Document, at, err)
				continue
			}
			if len(p.Elems) == 0 {
				c.add(d.Errorf(CodePath, at, "the root is not a leaf"))
			}
			if p.Origin != path.OpenConfig {
				c.add(d.Errorf(CodePath, at, "the origin is said once, for all leaves of a Config").WithHint("origin: %s", p.Origin))
			}
			text := p.String()
			if j, ok := first[text]; ok {
				c.add(d.Errorf(CodePathTwice, at, "%s is set twice", text).WithRelated(d.Source("leaves", j), "first here"))
			}
			first[text] = i
		}
	}
}

// path reports text that is no path or pattern.
func (c *checker) path(d *Document, at At, err error) {
	reason := err.Error()
	var se *path.SyntaxError
	if errors.As(err, &se) {
		reason = fmt.Sprintf("column %d: %s", se.Column, se.Reason)
	}
	c.add(d.Errorf(CodePath, at, "this is not a path: %s", reason).WithHint(`as in "/interfaces/interface[name=Ethernet1]/config"`))
}

// ruleBook finds rules of several documents that have the same pattern for a device and disagree.
type ruleBook map[ruleKey]ruleEntry

type ruleKey struct {
	device  string
	pattern string
}

type ruleEntry struct {
	doc    *Document
	at     At
	action string
}

func (c *checker) rule(book ruleBook, d *Document, devices []*Device, at At, pattern, action string) {
	if pattern == "" {
		return
	}
	if _, err := path.ParsePattern(pattern); err != nil {
		c.path(d, append(at, "path"), err)
		return
	}
	for _, dev := range devices {
		k := ruleKey{dev.Name, pattern}
		o, ok := book[k]
		if ok && o.action != action && action != "" && o.action != "" {
			c.add(d.Errorf(CodeRuleTwice, at, "%s: %s is %s here and %s elsewhere", dev.Name, pattern, action, o.action).WithRelated(o.doc.Source(o.at...), o.action))
			return
		}
		book[k] = ruleEntry{d, at, action}
	}
}

func (c *checker) scopes() {
	book := ruleBook{}
	for _, d := range c.Scopes {
		c.selector(d.Document, d.Spec.Devices)
		devices := c.Select(d.Spec.Devices)
		for i, r := range d.Spec.Rules {
			c.rule(book, d.Document, devices, At{"rules", i}, r.Path, r.Action)
		}
		for i, p := range d.Spec.Protect {
			if _, err := path.ParsePattern(p); err != nil && p != "" {
				c.path(d.Document, At{"protect", i}, err)
			}
		}
		if len(d.Spec.Rules)+len(d.Spec.Protect) == 0 && !d.has("rules") && !d.has("protect") {
			c.add(d.Errorf(CodeCombination, nil, "a Scope has rules, or paths to protect"))
		}
	}
}

func (c *checker) driftPolicies() {
	book := ruleBook{}
	for _, d := range c.DriftPolicies {
		c.selector(d.Document, d.Spec.Devices)
		devices := c.Select(d.Spec.Devices)
		for i, r := range d.Spec.Rules {
			c.rule(book, d.Document, devices, At{"rules", i}, r.Path, r.Mode)
			_, until := lookup(d.node(At{"spec", "rules", i}), "until")
			if r.Grace > 0 && r.Mode != "propose" && r.Mode != "enforce" && r.Mode != "" {
				c.add(d.Errorf(CodeCombination, At{"rules", i, "grace"}, "drift of mode %s is never put back, so there is nothing to put off", r.Mode))
			}
			if r.Severity != "" && r.Mode == "ignore" {
				c.add(d.Errorf(CodeCombination, At{"rules", i, "severity"}, "drift that is ignored is told to nobody"))
			}
			switch {
			case r.Mode == "ignore" && (until == nil || r.Reason == ""):
				c.add(d.Errorf(CodeCombination, At{"rules", i}, "drift is ignored until a date and for a reason").WithHint(`until: 2026-12-31, reason: "…"`))
			case r.Mode != "ignore" && r.Mode != "" && (until != nil || r.Reason != ""):
				c.add(d.Errorf(CodeCombination, At{"rules", i}, "until and reason belong to the mode ignore"))
			}
		}
	}
}

// CheckChange reports what must not change from one accepted Set to the next: the sizing that everything is numbered
// within, unless the Fabric says renumber.
func CheckChange(before, after *Set) Diagnostics {
	if before == nil || before.Fabric == nil || after.Fabric == nil || after.Fabric.Spec.Renumber {
		return nil
	}
	b, a := before.Fabric.Spec.Sizing, after.Fabric.Spec.Sizing
	if b == a {
		return nil
	}
	return Diagnostics{after.Fabric.Errorf(CodeRenumber, At{"sizing"},
		"sizing was maxSpines: %d, maxLeaves: %d, maxParallel: %d; changing it renumbers the fabric", b.MaxSpines, b.MaxLeaves, b.MaxParallel).
		WithHint("renumber: true allows it")}
}
