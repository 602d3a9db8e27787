package path

import (
	"fmt"
	"slices"
	"strings"
)

// A SyntaxError is a mistake in the text of a path or pattern.
type SyntaxError struct {
	Text   string
	Column int // from 1, in bytes
	Reason string
}

// Error names the text, the column and what is wrong there.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("path %q: column %d: %s", e.Text, e.Column, e.Reason)
}

// Parse reads the canonical text of a path: "/interfaces/interface[name=Ethernet1]/config/mtu", with
// "origin:" in front unless the origin is openconfig. Module prefixes of names are dropped, since a
// node's name is unique among its siblings in a compiled schema. The error is a *SyntaxError.
func Parse(text string) (Path, error) {
	elems, origin, err := scan(text)
	if err != nil {
		return Path{}, err
	}
	return Path{Origin: origin, Elems: elems}, nil
}

// String returns the canonical text, which Parse reads back as an equal path. The root is "/".
func (p Path) String() string {
	var buf [192]byte
	return string(p.AppendText(buf[:0]))
}

// AppendText appends the canonical text.
func (p Path) AppendText(b []byte) []byte {
	if p.Origin != OpenConfig && p.Origin != "" {
		b = append(append(b, p.Origin...), ':')
	}
	if len(p.Elems) == 0 {
		return append(b, '/')
	}
	for _, e := range p.Elems {
		b = e.appendText(append(b, '/'))
	}
	return b
}

// String returns the element as it stands in a path's text: "interface[name=Ethernet1]".
func (e Elem) String() string { return string(e.appendText(nil)) }

func (e Elem) appendText(b []byte) []byte {
	b = append(b, e.Name...)
	for _, k := range e.Keys {
		b = append(append(append(b, '['), k.Name...), '=')
		for i := range len(k.Value) {
			if c := k.Value[i]; c == '\\' || c == ']' {
				b = append(b, '\\')
			}
			b = append(b, k.Value[i])
		}
		b = append(b, ']')
	}
	return b
}

// scan splits text into elements. It serves paths and patterns, which share their syntax.
func scan(text string) (elems []Elem, origin string, err error) {
	fail := func(at int, format string, args ...any) ([]Elem, string, error) {
		return nil, "", &SyntaxError{Text: text, Column: at + 1, Reason: fmt.Sprintf(format, args...)}
	}
	origin = OpenConfig
	i := strings.IndexByte(text, '/')
	switch {
	case i < 0:
		return fail(0, "a path starts with / or with origin:/")
	case i > 0:
		if text[i-1] != ':' || i == 1 || strings.ContainsAny(text[:i-1], ":[]=\\ ") {
			return fail(0, "a path starts with / or with origin:/")
		}
		origin = text[:i-1]
	}
	if text[i:] == "/" {
		return nil, origin, nil
	}
	for i < len(text) {
		i++ // the slash
		var e Elem
		end := i
		for end < len(text) && text[end] != '/' && text[end] != '[' {
			if text[end] == ']' || text[end] == '=' {
				return fail(end, "%q cannot be in a name", text[end])
			}
			end++
		}
		if end == i {
			return fail(i, "an element without a name")
		}
		if e.Name = unprefixed(text[i:end]); e.Name == "" {
			return fail(i, "a module without a name")
		}
		i = end
		for i < len(text) && text[i] == '[' {
			k, next, reason := scanKey(text, i)
			if reason != "" {
				return fail(next, "%s", reason)
			}
			if _, twice := e.Key(k.Name); twice {
				return fail(i, "key %q twice", k.Name)
			}
			e.Keys = append(e.Keys, k)
			i = next
		}
		if i < len(text) && text[i] != '/' {
			return fail(i, "expected / or [")
		}
		e.sortKeys()
		elems = append(elems, e)
	}
	return elems, origin, nil
}

// scanKey reads "[name=value]" at text[i:] and returns where it ends, or why it is none and where.
func scanKey(text string, i int) (k Key, next int, reason string) {
	eq := strings.IndexByte(text[i:], '=')
	if eq < 0 {
		return k, i, "a key is written [name=value]"
	}
	name := text[i+1 : i+eq]
	if name == "" || strings.ContainsAny(name, "[]/\\") {
		return k, i + 1, "a key is written [name=value]"
	}
	k.Name = unprefixed(name)
	if k.Name == "" {
		return k, i + 1, "a module without a name"
	}
	var value strings.Builder
	for j := i + eq + 1; j < len(text); j++ {
		switch text[j] {
		case '\\':
			if j++; j == len(text) {
				return k, j - 1, "nothing follows the backslash"
			}
			value.WriteByte(text[j])
		case ']':
			k.Value = value.String()
			return k, j + 1, ""
		default:
			value.WriteByte(text[j])
		}
	}
	return k, i, "no ] closes this key"
}

func unprefixed(name string) string { return name[strings.LastIndexByte(name, ':')+1:] }

func (e *Elem) sortKeys() {
	slices.SortFunc(e.Keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
}
