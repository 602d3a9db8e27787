package intent

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// A field is one key of a mapping, read from the tags of a struct field.
type field struct {
	name     string
	index    int
	required bool
	secret   bool // refers to a secret
	rules    rules
}

type fieldSet struct {
	list   []field
	byName map[string]field
}

// rules are the constraints of a field's value, or of its items.
type rules struct {
	enum     []string
	min, max *int64
	minItems int
}

func (r rules) bounds() string {
	switch {
	case r.min != nil && r.max != nil:
		return fmt.Sprintf("between %d and %d", *r.min, *r.max)
	case r.min != nil:
		return fmt.Sprintf("at least %d", *r.min)
	}
	return "a whole number of 64 bits"
}

var fieldCache sync.Map // reflect.Type -> fieldSet

func fieldsOf(t reflect.Type) fieldSet {
	if c, ok := fieldCache.Load(t); ok {
		return c.(fieldSet)
	}
	set := fieldSet{byName: map[string]field{}}
	for i := range t.NumField() {
		sf := t.Field(i)
		name, opts, _ := strings.Cut(sf.Tag.Get("json"), ",")
		f := field{
			name: name, index: i, required: opts != "omitempty",
			secret: sf.Type == reflect.TypeFor[*SecretRef](), rules: parseRules(sf.Tag.Get("jsonschema")),
		}
		set.list = append(set.list, f)
		set.byName[name] = f
	}
	fieldCache.Store(t, set)
	return set
}

func parseRules(tag string) rules {
	var r rules
	for part := range strings.SplitSeq(tag, ",") {
		k, v, _ := strings.Cut(part, "=")
		n, err := strconv.ParseInt(v, 10, 64)
		switch {
		case k == "enum":
			r.enum = append(r.enum, v)
		case k == "" || err != nil:
		case k == "minimum":
			r.min = &n
		case k == "maximum":
			r.max = &n
		case k == "minItems":
			r.minItems = int(n)
		}
	}
	return r
}
