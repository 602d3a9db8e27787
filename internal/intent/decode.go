package intent

import (
	"encoding"
	"fmt"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v4"
)

// A decoder fills a spec from YAML nodes. It goes on after every mistake, and leaves what it could not read at its
// zero value, which later checks take for "not known". Constraints come from the same struct tags that the JSON
// Schemas are generated from, so that the two cannot disagree.
type decoder struct {
	file *file
	out  *Diagnostics
}

func (d *decoder) errorf(code Code, n *yaml.Node, format string, args ...any) *Diagnostic {
	*d.out = append(*d.out, d.file.diagnose(SeverityError, code, n, fmt.Sprintf(format, args...)))
	return &(*d.out)[len(*d.out)-1]
}

// value fills v from n. Key is what n is the value of, for messages.
func (d *decoder) value(n *yaml.Node, v reflect.Value, rule rules, key string) {
	if v.Kind() == reflect.Pointer {
		if d.isNull(n, key) {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), rule, key)
		return
	}
	if d.isNull(n, key) {
		return
	}
	if _, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		d.text(n, v, key)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.mapping(n, v, key)
	case reflect.Slice:
		d.list(n, v, rule, key)
	case reflect.Map:
		d.labels(n, v, key)
	case reflect.String:
		d.string(n, v, rule, key)
	case reflect.Bool:
		if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
			d.wrongType(n, key, "true or false")
			return
		}
		v.SetBool(strings.EqualFold(n.Value, "true"))
	case reflect.Int:
		d.number(n, v, rule, key)
	case reflect.Interface:
		if x, ok := d.any(n, key); ok {
			v.Set(reflect.ValueOf(&x).Elem())
		}
	default:
		panic("intent: no decoding of " + v.Type().String())
	}
}

func (d *decoder) isNull(n *yaml.Node, key string) bool {
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		d.errorf(CodeEmpty, n, "%s has no value", key)
		return true
	}
	return false
}

func (d *decoder) wrongType(n *yaml.Node, key, want string) *Diagnostic {
	got := "a list"
	switch {
	case n.Kind == yaml.MappingNode:
		got = "a mapping"
	case n.Kind == yaml.ScalarNode:
		got = d.file.quote(n)
	}
	return d.errorf(CodeWrongType, n, "%s is %s, not %s", key, want, got)
}

// missingHints says why a key is mandatory where one may wonder.
var missingHints = map[string]string{
	"import": "an eBGP session without an import policy accepts nothing (RFC 8212): name a RoutePolicy",
	"export": "an eBGP session without an export policy sends nothing (RFC 8212): name a RoutePolicy",
}

func (d *decoder) mapping(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		if v.Type() == reflect.TypeFor[SecretRef]() {
			d.errorf(CodeSecret, n, "%s refers to a secret, it does not hold it", key).Hint = fmt.Sprintf(
				"write %s: {secret: NAME} and keep the value in Tenter's settings", key)
			return
		}
		d.wrongType(n, key, "a mapping")
		return
	}
	fields := fieldsOf(v.Type())
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, val := n.Content[i], n.Content[i+1]
		if !d.key(k, seen) {
			continue
		}
		f, ok := fields.byName[k.Value]
		if !ok {
			d.unknownKey(k, key, fields)
			continue
		}
		d.value(val, v.Field(f.index), f.rules, k.Value)
	}
	for _, f := range fields.list {
		if f.required && seen[f.name] == nil {
			d.errorf(CodeMissingKey, n, "%s lacks the mandatory key %q", key, f.name).Hint = missingHints[f.name]
		}
	}
}

// key checks that a key is text and new to its mapping.
func (d *decoder) key(k *yaml.Node, seen map[string]*yaml.Node) bool {
	if k.Kind != yaml.ScalarNode {
		d.errorf(CodeWrongType, k, "a key is text")
		return false
	}
	if first := seen[k.Value]; first != nil {
		g := d.errorf(CodeKeyTwice, k, "the key %q stands here twice", k.Value)
		g.Related = append(g.Related, Related{File: d.file.name, Line: first.Line, Column: first.Column, Message: "first here"})
		return false
	}
	seen[k.Value] = k
	return true
}

func (d *decoder) unknownKey(k *yaml.Node, in string, fields fieldSet) {
	if secretName.MatchString(k.Value) {
		g := d.errorf(CodeSecret, k, "%q in %s: a secret is never written into an intent", k.Value, in)
		for _, f := range fields.list {
			if f.secret {
				g.Hint = fmt.Sprintf("name it instead: %s: {secret: NAME}", f.name)
			}
		}
		return
	}
	var known []string
	for _, f := range fields.list {
		known = append(known, f.name)
	}
	d.errorf(CodeUnknownKey, k, "unknown key %q in %s", k.Value, in).Hint = nearest(k.Value, known)
}

func (d *decoder) list(n *yaml.Node, v reflect.Value, rule rules, key string) {
	if n.Kind != yaml.SequenceNode {
		d.wrongType(n, key, "a list").Hint = "a list is written [a, b], or one item a line after a dash"
		return
	}
	if len(n.Content) < rule.minItems {
		d.errorf(CodeEmpty, n, "%s is empty", key)
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	seen := map[string]bool{}
	for i, c := range n.Content {
		d.value(c, v.Index(i), rule, fmt.Sprintf("%s[%d]", key, i))
		if c.Kind == yaml.ScalarNode {
			if seen[c.Value] {
				d.errorf(CodeListedTwice, c, "%s is listed twice in %s", d.file.quote(c), key)
			}
			seen[c.Value] = true
		}
	}
}
