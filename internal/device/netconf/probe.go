package netconf

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/device/fault"
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
			v, err := s.state(ctx, l, fact.path)
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

// tolerate takes a device's no for having nothing to say.
func (s *Session) tolerate(data *element, err error) (*element, error) {
	var e *fault.Error
	if errors.As(err, &e) && e.Refused() {
		return nil, nil
	}
	return data, err
}

// state reads one state leaf, "" when the device does not have it. The schemas know no state, so the names alone decide.
func (s *Session) state(ctx context.Context, l *link, p path.Path) (string, error) {
	filter, err := s.stateFilter(p)
	if err != nil {
		return "", nil // not a path of these schemas: the device does not have it
	}
	data, err := s.tolerate(s.do(ctx, l, "get", "<get>"+filter+"</get>", false))
	if err != nil || data == nil {
		return "", err
	}
	at := data
	for _, elem := range p.Elems {
		var found *element
		for _, k := range at.kids {
			if k.name.Local == elem.Name && keysMatch(k, elem.Keys) {
				found = k
				break
			}
		}
		if found == nil {
			return "", nil
		}
		at = found
	}
	return strings.TrimSpace(at.text), nil
}

func keysMatch(e *element, keys []path.Key) bool {
	for _, k := range keys {
		if e.word(k.Name) != k.Value {
			return false
		}
	}
	return true
}

// stateFilter chooses the top-level node of a path: below it the schema knows no namespaces of state.
func (s *Session) stateFilter(p path.Path) (string, error) {
	var b bytes.Buffer
	models, ok := s.cfg.Table.Roots().Schema(p.Origin)
	if !ok {
		return "", s.cfg.Table.Roots().Check(p)
	}
	n, ok := models.Root().Child(p.Elems[0].Name)
	if !ok || !n.Config() {
		return "", fmt.Errorf("path %s: no such node", p)
	}
	err := (&branch{node: n}).write(&b, nsBase)
	return `<filter type="subtree">` + b.String() + `</filter>`, err
}
