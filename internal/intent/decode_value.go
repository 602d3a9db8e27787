package intent

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

func (d *decoder) text(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.ScalarNode {
		d.wrongType(n, key, "one value")
		return
	}
	err := v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(n.Value))
	switch x := v.Interface().(type) {
	case netip.Prefix:
		if err == nil && (x.Addr().Is4In6() || x.Addr().Zone() != "") {
			err = errors.New("IPv4-mapped and zoned addresses are not for intents")
		}
	case netip.Addr:
		if err == nil && (!x.IsValid() || x.Is4In6() || x.Zone() != "") {
			err = errors.New("IPv4-mapped and zoned addresses are not for intents")
		}
	}
	if err != nil {
		v.SetZero()
		reason := err.Error()
		if strings.HasPrefix(reason, "netip.") || strings.HasPrefix(reason, "ParseAddr") {
			reason = reason[strings.LastIndex(reason, ": ")+2:]
		}
		d.errorf(CodeMalformed, n, "%s: %s: %s", key, d.file.quote(n), reason)
	}
}

func (d *decoder) labels(n *yaml.Node, v reflect.Value, key string) {
	if n.Kind != yaml.MappingNode {
		d.wrongType(n, key, "a mapping of texts")
		return
	}
	out := map[string]string{}
	seen := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, val := n.Content[i], n.Content[i+1]
		if !d.key(k, seen) {
			continue
		}
		var s string
		d.string(val, reflect.ValueOf(&s).Elem(), rules{}, k.Value)
		out[k.Value] = s
	}
	v.Set(reflect.ValueOf(out))
}

func (d *decoder) string(n *yaml.Node, v reflect.Value, rule rules, key string) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		g := d.wrongType(n, key, "a text")
		if n.Kind == yaml.ScalarNode && !d.file.secrets[n] {
			g.Hint = fmt.Sprintf("put it in quotes: %q", n.Value)
		}
		return
	}
	if n.Value == "" {
		d.errorf(CodeEmpty, n, "%s is an empty text", key)
		return
	}
	if len(rule.enum) > 0 && !slices.Contains(rule.enum, n.Value) {
		d.errorf(CodeNotAllowed, n, "%s cannot be %s", key, d.file.quote(n)).Hint = nearest(n.Value, rule.enum)
		return
	}
	v.SetString(n.Value)
}

func (d *decoder) number(n *yaml.Node, v reflect.Value, rule rules, key string) {
	digits := strings.TrimPrefix(n.Value, "-")
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || strings.Trim(digits, "0123456789") != "" {
		d.wrongType(n, key, "a whole number")
		return
	}
	if len(digits) > 1 && digits[0] == '0' {
		d.errorf(CodeMalformed, n, "%s: %s: a number with a leading zero is octal to some and decimal to others", key, d.file.quote(n))
		return
	}
	x, err := strconv.ParseInt(n.Value, 10, 64)
	if err != nil || rule.min != nil && x < *rule.min || rule.max != nil && x > *rule.max {
		d.errorf(CodeOutOfRange, n, "%s cannot be %s: it is %s", key, n.Value, rule.bounds())
		return
	}
	v.SetInt(x)
}

// any turns a node into what encoding/json would give with numbers kept as they are written.
func (d *decoder) any(n *yaml.Node, key string) (any, bool) {
	switch n.Kind {
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			x, ok := d.any(c, key)
			if !ok {
				return nil, false
			}
			out = append(out, x)
		}
		return out, true
	case yaml.MappingNode:
		d.errorf(CodeWrongType, n, "%s is the value of one leaf, not a mapping", key).Hint = "write one path for each leaf"
		return nil, false
	}
	switch n.ShortTag() {
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), true
	case "!!int", "!!float":
		if !json.Valid([]byte(n.Value)) {
			d.errorf(CodeMalformed, n, "%s: %s is a number that not everybody reads alike", key, d.file.quote(n)).Hint = "write it in decimal, or in quotes if it is text"
			return nil, false
		}
		return json.Number(n.Value), true
	case "!!null":
		d.isNull(n, key)
		return nil, false
	}
	return n.Value, true
}
