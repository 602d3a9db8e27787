package schema

import "slices"

// Namespace returns the XML namespace of a module by its name (RFC 7950, section 7.1.3), and whether the schema has it.
func (s *Schema) Namespace(module string) (string, bool) {
	i := slices.IndexFunc(s.im.Modules, func(m Module) bool { return m.Name == module })
	if i < 0 {
		return "", false
	}
	return s.im.Modules[i].Namespace, true
}

// ModuleOf returns the name of the module that has an XML namespace, and whether the schema has it.
func (s *Schema) ModuleOf(namespace string) (string, bool) {
	i := slices.IndexFunc(s.im.Modules, func(m Module) bool { return m.Namespace == namespace })
	if i < 0 {
		return "", false
	}
	return s.im.Modules[i].Name, true
}
