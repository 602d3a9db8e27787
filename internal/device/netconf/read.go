package netconf

import (
	"context"
	"slices"

	"github.com/tenter-net/tenter/internal/device/fault"
	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/tree"
)

// A datastore is a configuration datastore (RFC 6241, section 5.1).
type datastore string

const (
	running   datastore = "running"
	candidate datastore = "candidate"
	startup   datastore = "startup"
)

// Read returns the running configuration at and under the prefixes, all that the schemas know of if there are none. What
// is not there is no error. The problems are what the device sent and no schema explains.
func (s *Session) Read(ctx context.Context, prefixes []path.Path) (*tree.Tree, []tree.Problem, error) {
	var have *tree.Tree
	var problems []tree.Problem
	err := s.use(ctx, func(l *link) (err error) {
		have, problems, err = s.read(ctx, l, running, prefixes)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	return have, problems, nil
}

// read reads a datastore.
func (s *Session) read(ctx context.Context, l *link, from datastore, prefixes []path.Path) (*tree.Tree, []tree.Problem, error) {
	roots := s.cfg.Table.Roots()
	wanted := subtrees(roots, prefixes)
	filter, err := filterXML(roots, wanted)
	if err != nil {
		return nil, nil, s.failure("get-config", fault.Refused, err)
	}
	mode, untagged := defaultsMode(l.caps, s.cfg.Profile.Defaults.Echoed)
	if mode != "" {
		mode = `<with-defaults xmlns="` + nsWithDefaults + `">` + mode + `</with-defaults>`
	}
	data, err := s.do(ctx, l, "get-config", `<get-config><source><`+string(from)+`/></source>`+filter+mode+`</get-config>`, false)
	if err != nil {
		return nil, nil, err
	}
	if data == nil { // which is not to have nothing configured
		return nil, nil, s.failure("get-config", fault.Untrue, errNoData)
	}
	d := &decoder{into: tree.NewBuilder(s.cfg.Table), wanted: wanted, untagged: untagged}
	d.data(data)
	have := d.into.Build()
	if len(prefixes) > maxSelected { // more was read than asked for
		have = only(s.cfg.Table, have, prefixes)
	}
	return have, d.problems, nil
}

// only returns what a tree has at and under the prefixes.
func only(table *tree.Table, have *tree.Tree, prefixes []path.Path) *tree.Tree {
	b := tree.NewBuilder(table)
	for _, p := range prefixes {
		for l := range have.Under(p) {
			_ = b.Set(l) // it was set before
		}
	}
	return b.Build()
}

// defaultsMode returns how to ask for leaves at their default (RFC 6243), "" for as the device does by itself, and whether
// to leave out those that it tags. What somebody set, even to the default, is what Tenter compares; echoed says that the
// device's profile wants all of them shown instead.
func defaultsMode(caps *capabilities, echoed bool) (mode string, untagged bool) {
	offers := func(mode string) bool { return slices.Contains(caps.defaultsAlso, mode) }
	want := []string{"explicit", "trim"}
	if echoed {
		want = []string{"report-all", "report-all-tagged"}
	}
	for _, mode := range want {
		switch {
		case caps.defaultsBasic == mode:
			return "", false
		case offers(mode):
			return mode, false
		}
	}
	if !echoed && caps.defaultsBasic == "report-all" && offers("report-all-tagged") {
		return "report-all-tagged", true
	}
	return "", false
}
