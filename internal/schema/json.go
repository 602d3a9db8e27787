package schema

import "encoding/json"

// JSON returns a canonical value of the leaf as RFC 7951 has it, for encoding/json: json.Number, string, bool,
// []any{nil} for empty, []any for a leaf-list. Canonical gives the value back.
func (n Node) JSON(v Value) any {
	switch n.Kind() {
	case Leaf:
		return n.s.json(n.spec().Type, v)
	case LeafList:
		items := v.Items()
		out := make([]any, len(items))
		for i, it := range items {
			out[i] = n.s.json(n.spec().Type, it)
		}
		return out
	case Container, List:
		return map[string]any{}
	}
	return nil
}

func (s *Schema) json(typ int, v Value) any {
	switch v.Kind() {
	case KindInt:
		if b := s.integerBase(typ, v); b == Int64 || b == Uint64 {
			return string(v[1:])
		}
		return json.Number(v[1:])
	case KindBool:
		return v == "btrue"
	case KindEmpty:
		return []any{nil}
	}
	return v.Text()
}

// integerBase returns the integer type that takes v: the type itself or the first such member of a union.
func (s *Schema) integerBase(typ int, v Value) Base {
	t := &s.im.Types[typ]
	if t.Base != Union && t.Base != Leafref {
		return t.Base
	}
	for _, m := range t.Members {
		b := s.integerBase(m, v)
		if !b.Integer() {
			continue
		}
		if _, why := s.convert(m, Text(v[1:]), loose); why == "" {
			return b
		}
	}
	return t.Base
}
