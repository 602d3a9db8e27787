package profile

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/tenter-net/tenter/internal/suggest"
)

//go:embed profiles/*.yaml
var embedded embed.FS

// A Set is the profiles by name.
type Set struct {
	profiles map[string]*Profile
	schemas  map[string][]byte // compiled, of files beside the profiles
}

// Load reads the embedded profiles and then the *.yaml files at the root of override, which may be nil. A file there
// stands in for the embedded profile of that name; with "extends: NAME" it changes only the fields that it has, and
// NAME may be the embedded profile of its own name. The error joins every mistake as "file:line: what".
func Load(override fs.FS) (*Set, error) {
	builtin, err := fs.Sub(embedded, "profiles")
	if err != nil {
		return nil, err
	}
	var l library
	var errs []error
	l.builtin, err = readFiles(builtin, "built-in ")
	errs = append(errs, err)
	if override != nil {
		l.user, err = readFiles(override, "")
		errs = append(errs, err)
	}
	s := &Set{profiles: map[string]*Profile{}, schemas: map[string][]byte{}}
	if override != nil {
		errs = append(errs, s.readSchemas(override))
	}
	names := maps.Clone(l.builtin)
	maps.Copy(names, l.user)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		p, err := l.profile(name)
		errs = append(errs, err)
		s.profiles[name] = p
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return s, nil
}

// Get returns the named profile. The error names those there are.
func (s *Set) Get(name string) (*Profile, error) {
	if p, ok := s.profiles[name]; ok {
		return p, nil
	}
	return nil, unknownProfile(name, s.Names())
}

// Names lists the profiles, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.profiles)) }

func unknownProfile(name string, known []string) error {
	text := fmt.Sprintf("profile %q: unknown, there is %s", name, strings.Join(known, ", "))
	if h := suggest.Hint(name, known); h != "" {
		text += "; " + h
	}
	return errors.New(text)
}

// A library is the files that profiles are made of, by profile.
type library struct{ builtin, user map[string]*file }

// profile builds a profile of its file and the files that it extends.
func (l *library) profile(name string) (*Profile, error) {
	chain, err := l.chain(name)
	if err != nil {
		return nil, err
	}
	p := defaults()
	p.Name = name
	for _, f := range slices.Backward(chain) {
		if err := f.apply(p); err != nil {
			if f != chain[0] {
				return nil, nil // said of the profile that the file is of
			}
			return nil, err
		}
	}
	return p, p.check(chain[0].name)
}

// chain returns the profile's file and those that it extends, the last one first in effect.
func (l *library) chain(name string) ([]*file, error) {
	f := l.user[name]
	if f == nil {
		f = l.builtin[name]
	}
	chain := []*file{f}
	for f.head.Extends != "" {
		base := l.user[f.head.Extends]
		if base == nil || base == f {
			base = l.builtin[f.head.Extends]
		}
		at := fmt.Sprintf("%s:%d: extends", f.name, f.line("extends"))
		switch {
		case base == nil:
			known := maps.Clone(l.builtin)
			maps.Copy(known, l.user)
			return nil, fmt.Errorf("%s: %w", at, unknownProfile(f.head.Extends, slices.Sorted(maps.Keys(known))))
		case slices.Contains(chain, base):
			return nil, fmt.Errorf("%s: %q extends this one in turn", at, f.head.Extends)
		}
		f = base
		chain = append(chain, f)
	}
	return chain, nil
}

// readFiles reads the profiles of a directory; prefix goes before their names where a person reads them.
func readFiles(fsys fs.FS, prefix string) (map[string]*file, error) {
	names, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return nil, err
	}
	files := map[string]*file{}
	var errs []error
	for _, name := range names {
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		f, err := parse(prefix+name, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		files[strings.TrimSuffix(path.Base(name), ".yaml")] = f
	}
	return files, errors.Join(errs...)
}

func (s *Set) readSchemas(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "*"+schemaFile)
	errs := []error{err}
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		s.schemas[file] = data
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// defaults is the one place that has them.
func defaults() *Profile {
	return &Profile{
		Transport:   TransportGNMI,
		Encodings:   Encodings{Get: JSONIETF, Set: JSONIETF, Subscribe: JSONIETF},
		Granularity: GranularityLeaf,
		Everything:  Everything{Get: BreadthRoot, Subscribe: BreadthRoot},
		Read:        ReadGet,
		Phasing:     PhasingNone,
		Names: Names{
			Ethernet: "Ethernet{number}", FirstPort: 1, PortStep: 1,
			LAG: "Port-Channel{number}", Loopback: "Loopback{number}", VLAN: "Vlan{number}", DefaultInstance: "default",
		},
		Watch: Watch{
			First: StageOnChange, SyncTimeout: 30 * time.Second, SampleInterval: 10 * time.Second,
			PollInterval: 30 * time.Second, AuditInterval: 10 * time.Minute,
		},
		Limits: Limits{
			MaxMessage: 4 << 20, Timeout: 30 * time.Second, KeepaliveTime: 30 * time.Second, KeepaliveTimeout: 10 * time.Second,
		},
		Save:    Save{Method: SaveAlways},
		NETCONF: NETCONF{Validate: true},
		CLI:     CLI{Columns: 4096, Patience: 15 * time.Second},
		reasons: map[string]reason{}, places: map[string]string{},
	}
}
