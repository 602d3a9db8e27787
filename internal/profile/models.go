package profile

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tenter-net/tenter/internal/path"
	"github.com/tenter-net/tenter/internal/schema"
)

// schemaFile is how a file ends that holds a compiled schema of the user's.
const schemaFile = ".schema"

// Models are the schemas that profiles name for their origins. They may be used by any number of goroutines.
type Models struct {
	set      *Set
	embedded func(name string) (*schema.Schema, bool)

	mu    sync.Mutex
	roots map[string]*schema.Roots // by what the origins come to
}

// Models returns the schemas of the set's profiles; embedded returns those of the program by name.
func (s *Set) Models(embedded func(name string) (*schema.Schema, bool)) *Models {
	return &Models{set: s, embedded: embedded, roots: map[string]*schema.Roots{}}
}

// Roots returns the schemas of the devices of a profile, the same ones for profiles that name the same. The error tells
// which origin has none.
func (m *Models) Roots(p *Profile) (*schema.Roots, error) {
	origins := p.Origins
	if len(origins) == 0 {
		origins = []Origin{{Schema: path.OpenConfig}}
	}
	var names []string
	for _, o := range origins {
		names = append(names, o.Schema+"="+o.models())
	}
	slices.Sort(names)
	key := strings.Join(names, "\n")
	m.mu.Lock()
	defer m.mu.Unlock()
	if r, ok := m.roots[key]; ok {
		return r, nil
	}
	schemas := map[string]*schema.Schema{}
	for _, o := range origins {
		s, err := m.schema(o.models())
		if err != nil {
			return nil, fmt.Errorf("origin %q: %w", o.Schema, err)
		}
		schemas[o.Schema] = s
	}
	m.roots[key] = schema.NewRoots(schemas)
	return m.roots[key], nil
}

func (o Origin) models() string { return cmp.Or(o.Models, o.Schema) }

func (m *Models) schema(name string) (*schema.Schema, error) {
	if !strings.HasSuffix(name, schemaFile) {
		if s, ok := m.embedded(name); ok {
			return s, nil
		}
		return nil, fmt.Errorf("models %q: no such schema in the program; a file made by \"tenter schema compile\" ends in %s", name, schemaFile)
	}
	data, ok := m.set.schemas[name]
	if !ok {
		return nil, fmt.Errorf("models %q: no such file beside the profiles; make it with \"tenter schema compile\"", name)
	}
	s, err := schema.Load(data)
	if err != nil {
		return nil, fmt.Errorf("models %q: %w", name, err)
	}
	return s, nil
}
