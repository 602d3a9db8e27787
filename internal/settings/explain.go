package settings

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/spf13/pflag"

	"github.com/tenter-net/tenter/internal/suggest"
)

// An Explanation says what a setting is and which source had the last word.
type Explanation struct {
	Key    string `json:"key"`
	Value  string `json:"value"`  // "(set)" for a secret; lists of entries as JSON
	Source string `json:"source"` // "default", file:line:column, "environment NAME" or "flag --name"
	Env    string `json:"env"`    // the variable that sets it, empty for a list of entries
	Doc    string `json:"doc"`
}

// Explain tells where the value of a key came from. An unknown key is an error that names the nearest known one.
func (s *Settings) Explain(name string) (Explanation, error) {
	k, ok := findKey(name)
	if !ok {
		if near := suggest.Hint(name, Keys()); near != "" {
			return Explanation{}, fmt.Errorf("setting %q: unknown key (%s)", name, near)
		}
		return Explanation{}, fmt.Errorf("setting %q: unknown key", name)
	}
	e := Explanation{Key: k.name, Doc: k.doc, Source: s.origin.of(k.name).String()}
	if !k.structured() {
		e.Env = k.env()
	}
	value := reflect.ValueOf(s).Elem().FieldByIndex(k.index)
	e.Value = display(value)
	if k.secret && !value.IsZero() {
		e.Value = "(set)"
	}
	return e, nil
}

// display is a value as people read it.
func display(v reflect.Value) string {
	if v.Kind() != reflect.Slice {
		return fmt.Sprint(v.Interface())
	}
	if v.Len() == 0 {
		return ""
	}
	if v.Type().Elem().Kind() == reflect.Struct {
		var entries []map[string]any
		for i := range v.Len() {
			entries = append(entries, entry(v.Index(i)))
		}
		text, err := json.Marshal(entries)
		if err != nil {
			return err.Error()
		}
		return string(text)
	}
	text := ""
	for i := range v.Len() {
		if i > 0 {
			text += ","
		}
		text += fmt.Sprint(v.Index(i).Interface())
	}
	return text
}

// entry is one entry of a list with its fields named as in the file; what was not said is left out.
func entry(v reflect.Value) map[string]any {
	out := map[string]any{}
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.IsZero():
		case f.Kind() == reflect.Struct:
			out[fieldName(v.Type().Field(i))] = entry(f)
		default:
			out[fieldName(v.Type().Field(i))] = f.Interface()
		}
	}
	return out
}

// origins knows which source each key's value came from.
type origins struct {
	flags *pflag.FlagSet
	doc   *document
	env   map[string]bool // keys that the environment sets
}

// of returns the place that had the last word on a key, by the order that viper applies too.
func (o *origins) of(name string) place {
	if k, ok := findKey(name); ok {
		if f := o.flag(k); f != nil {
			return place{other: "flag --" + f.Name}
		}
		if o.env[name] {
			return place{other: "environment " + k.env()}
		}
	}
	if o.doc != nil {
		if p, ok := o.doc.places[name]; ok {
			return p
		}
	}
	return place{other: "default"}
}

// flag returns the flag that was given for the key, or nil.
func (o *origins) flag(k key) *pflag.Flag {
	if o.flags == nil {
		return nil
	}
	f := o.flags.Lookup(k.flag())
	if f == nil || !f.Changed || len(f.Annotations[flagAnnotation]) == 0 {
		return nil
	}
	return f
}
