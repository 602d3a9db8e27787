package settings

import (
	"reflect"
	"slices"
	"strings"
)

// A key is one setting: a field of the struct that is no section of its own.
type key struct {
	name   string // "monitor.settle"
	index  []int  // of the field, from Settings
	typ    reflect.Type
	doc    string
	secret bool
}

// flag is the name of the command line flag that sets the key.
func (k key) flag() string { return strings.NewReplacer(".", "-", "_", "-").Replace(k.name) }

// env is the name of the variable that sets the key.
func (k key) env() string { return "TENTER_" + strings.ToUpper(strings.ReplaceAll(k.name, ".", "_")) }

// structured reports whether the key holds a list of entries, which only a file can say.
func (k key) structured() bool {
	return k.typ.Kind() == reflect.Slice && k.typ.Elem().Kind() == reflect.Struct
}

var keys = listKeys(reflect.TypeFor[Settings](), "", nil)

// Keys returns the names of all settings, sorted.
func Keys() []string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	slices.Sort(names)
	return names
}

func findKey(name string) (key, bool) {
	i := slices.IndexFunc(keys, func(k key) bool { return k.name == name })
	if i < 0 {
		return key{}, false
	}
	return keys[i], true
}

func listKeys(t reflect.Type, prefix string, index []int) []key {
	var out []key
	for i := range t.NumField() {
		f := t.Field(i)
		name := fieldName(f)
		if name == "" {
			continue
		}
		at := append(slices.Clone(index), i)
		if f.Type.Kind() == reflect.Struct {
			out = append(out, listKeys(f.Type, prefix+name+".", at)...)
			continue
		}
		out = append(out, key{name: prefix + name, index: at, typ: f.Type, doc: f.Tag.Get("doc"), secret: f.Tag.Get("secret") == "true"})
	}
	return out
}

// fieldName is the field's name in the file, empty for a field that is no setting.
func fieldName(f reflect.StructField) string {
	name := f.Tag.Get("mapstructure")
	if name == "-" {
		return ""
	}
	return name
}
