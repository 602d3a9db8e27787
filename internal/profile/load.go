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

	"go.yaml.in/yaml/v4"
)

//go:embed profiles/*.yaml
var embedded embed.FS

// A Set is the profiles by name.
type Set struct {
	profiles map[string]*Profile
	schemas  map[string][]byte // compiled, of files beside the profiles
}

// Load reads the embedded profiles and then the *.yaml files at the root of override, which may be nil; a file there
// replaces the embedded profile of that name. The error joins every mistake as "file:line: what".
func Load(override fs.FS) (*Set, error) {
	s := &Set{profiles: map[string]*Profile{}, schemas: map[string][]byte{}}
	builtin, err := fs.Sub(embedded, "profiles")
	if err != nil {
		return nil, err
	}
	errs := []error{s.read(builtin)}
	if override != nil {
		errs = append(errs, s.read(override), s.readSchemas(override))
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
	return nil, fmt.Errorf("profile %q: unknown, there is %s", name, strings.Join(s.Names(), ", "))
}

// Names lists the profiles, sorted.
func (s *Set) Names() []string { return slices.Sorted(maps.Keys(s.profiles)) }

func (s *Set) read(fsys fs.FS) error {
	files, err := fs.Glob(fsys, "*.yaml")
	if err != nil {
		return err
	}
	var errs []error
	for _, file := range files {
		data, err := fs.ReadFile(fsys, file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		p, err := parse(file, data)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.profiles[p.Name] = p
	}
	return errors.Join(errs...)
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

// parse decodes one file over the defaults.
func parse(file string, data []byte) (*Profile, error) {
	p := defaults()
	p.Name = strings.TrimSuffix(path.Base(file), ".yaml")
	if err := yaml.Load(data, p, yaml.WithKnownFields()); err != nil {
		return nil, located(file, err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// located puts file and line in front of each mistake.
func located(file string, err error) error {
	many, ok := errors.AsType[*yaml.LoadErrors](err)
	if !ok {
		if one, ok := errors.AsType[*yaml.LoadError](err); ok {
			return fmt.Errorf("%s:%d: %s", file, one.Mark.Line, one.Message)
		}
		return fmt.Errorf("%s: %w", file, err)
	}
	errs := make([]error, len(many.Errors))
	for i, e := range many.Errors {
		errs[i] = fmt.Errorf("%s:%d: %s", file, e.Mark.Line, e.Message)
	}
	return errors.Join(errs...)
}

// defaults is the one place that has them.
func defaults() *Profile {
	return &Profile{
		Transport:   TransportGNMI,
		Encodings:   Encodings{Get: JSONIETF, Set: JSONIETF, Subscribe: JSONIETF},
		Granularity: GranularityLeaf,
		Read:        ReadGet,
		Names: Names{
			Ethernet: "Ethernet{number}", LAG: "Port-Channel{number}", Loopback: "Loopback{number}", VLAN: "Vlan{number}",
			DefaultInstance: "default",
		},
		Watch: Watch{
			First: StageOnChange, SyncTimeout: 30 * time.Second, SampleInterval: 10 * time.Second,
			PollInterval: 30 * time.Second, AuditInterval: 10 * time.Minute,
		},
		Limits: Limits{
			MaxMessage: 4 << 20, Timeout: 30 * time.Second, KeepaliveTime: 30 * time.Second, KeepaliveTimeout: 10 * time.Second,
		},
		Save: Save{Method: SaveAlways},
	}
}

// check reports what no single field can know.
func (p *Profile) check() error {
	var errs []error
	for field, name := range map[string]string{
		"names.ethernet": p.Names.Ethernet, "names.lag": p.Names.LAG, "names.loopback": p.Names.Loopback, "names.vlan": p.Names.VLAN,
	} {
		if strings.Count(name, number) != 1 {
			errs = append(errs, fmt.Errorf("%s: %q must hold %s once", field, name, number))
		}
	}
	for field, d := range map[string]time.Duration{
		"watch.syncTimeout": p.Watch.SyncTimeout, "watch.sampleInterval": p.Watch.SampleInterval,
		"watch.pollInterval": p.Watch.PollInterval, "watch.auditInterval": p.Watch.AuditInterval,
		"limits.timeout": p.Limits.Timeout, "limits.keepaliveTime": p.Limits.KeepaliveTime,
		"limits.keepaliveTimeout": p.Limits.KeepaliveTimeout,
	} {
		if d <= 0 {
			errs = append(errs, fmt.Errorf("%s: must be more than zero", field))
		}
	}
	if p.Names.DefaultInstance == "" {
		errs = append(errs, errors.New("names.defaultInstance: must not be empty"))
	}
	if p.Limits.MaxMessage < 64<<10 {
		errs = append(errs, errors.New("limits.maxMessage: must be at least 65536 bytes"))
	}
	if p.Save.Method == SaveCLI && (p.Save.Command == "" || p.Save.Show == "") {
		errs = append(errs, errors.New("save: method cli needs command and show"))
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}
