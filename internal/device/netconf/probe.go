package netconf

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/profile"
)

const nsLibrary = "urn:ietf:params:xml:ns:yang:ietf-yang-library"

// Probe asks the device what it is. What it does not tell stays zero; the error is about the connection only.
func (s *Session) Probe(ctx context.Context) (profile.Facts, error) {
	var f profile.Facts
	err := s.use(ctx, func(l *link) error {
		models, err := s.models(ctx, l)
		if err != nil {
			return err
		}
		f.Models = models
		at := s.cfg.Profile.Facts
		for _, fact := range []struct {
			path path.Path
			set  func(string)
		}{
			{at.SoftwareVersion.Path, func(v string) { f.SoftwareVersion = v }},
			{at.Serial.Path, func(v string) { f.Serial = v }},
			{at.ChassisMAC.Path, func(v string) { f.ChassisMAC = profile.MAC(v) }},
			{at.BootTime.Path, func(v string) { f.BootTime = moment(v) }},
		} {
			if len(fact.path.Elems) == 0 {
				continue
			}
			v, err := s.fact(ctx, l, fact.path)
			if err != nil {
				return err
			}
			if v != "" {
				fact.set(v)
			}
		}
		return nil
	})
	if err != nil {
		return profile.Facts{}, err
	}
	s.mu.Lock()
	f.HostKeySHA256 = s.hostKey
	s.mu.Unlock()
	return f, nil
}

// moment reads a time as YANG's date-and-time, or as nanoseconds since 1970; the zero time for anything else.
func moment(text string) time.Time {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC()
	}
	if ns, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(0, ns).UTC()
	}
	return time.Time{}
}

// models returns the modules that the device has: from its YANG library (RFC 8525 or RFC 7895), else from its hello.
func (s *Session) models(ctx context.Context, l *link) ([]profile.Model, error) {
	var out []profile.Model
	data, err := s.tolerate(s.do(ctx, l, "get", `<get><filter type="subtree"><yang-library xmlns="`+nsLibrary+`"/>`+
		`<modules-state xmlns="`+nsLibrary+`"/></filter></get>`, false))
	if err != nil {
		return nil, err
	}
	if data != nil {
		for _, e := range data.kids {
			out = library(e, out)
		}
	}
	if len(out) == 0 {
		for _, m := range l.caps.models {
			out = append(out, profile.Model{Name: m.name, Version: m.revision})
		}
	}
	slices.SortFunc(out, func(a, b profile.Model) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	})
	return slices.Compact(out), nil
}

// library adds the modules in and under an element of a YANG library.
func library(e *element, out []profile.Model) []profile.Model {
	if e.name.Local == "module" {
		return append(out, profile.Model{Name: e.word("name"), Version: e.word("revision")})
	}
	for _, k := range e.kids {
		out = library(k, out)
	}
	return out
}
