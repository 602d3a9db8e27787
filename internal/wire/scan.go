package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// maxDepth bounds the nesting of JSON, so that no message can exhaust the stack.
const maxDepth = 200

// A scanner reads JSON (RFC 8259) in place: no tree of maps is ever built, and a string without escapes is a slice
// of the message.
type scanner struct {
	data  []byte
	pos   int
	depth int
}

func (s *scanner) fail(want string) error {
	return fmt.Errorf("JSON at byte %d: expected %s", s.pos, want)
}

// next skips white space and returns the next byte without taking it, 0 at the end.
func (s *scanner) next() byte {
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; c {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return c
		}
	}
	return 0
}

// take takes the byte c.
func (s *scanner) take(c byte) error {
	if s.next() != c {
		return s.fail(string(c))
	}
	s.pos++
	return nil
}

// object calls member for each name; member must read the value.
func (s *scanner) object(member func(name []byte) error) error {
	if err := s.open('{'); err != nil {
		return err
	}
	if s.next() == '}' {
		return s.shut()
	}
	for {
		name, err := s.str()
		if err != nil {
			return err
		}
		if err := s.take(':'); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.pos++
		case '}':
			return s.shut()
		default:
			return s.fail(", or }")
		}
	}
}

// array calls element for each element; element must read it.
func (s *scanner) array(element func() error) error {
	if err := s.open('['); err != nil {
		return err
	}
	if s.next() == ']' {
		return s.shut()
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch s.next() {
		case ',':
			s.pos++
		case ']':
			return s.shut()
		default:
			return s.fail(", or ]")
		}
	}
}

func (s *scanner) open(c byte) error {
	if s.depth++; s.depth > maxDepth {
		return fmt.Errorf("JSON at byte %d: nested deeper than %d", s.pos, maxDepth)
	}
	return s.take(c)
}

func (s *scanner) shut() error {
	s.depth--
	s.pos++
	return nil
}

// str reads a string. The bytes are the message's own where nothing is escaped.
func (s *scanner) str() ([]byte, error) {
	if err := s.take('"'); err != nil {
		return nil, err
	}
	start := s.pos
	for s.pos < len(s.data) {
		switch c := s.data[s.pos]; {
		case c == '"':
			raw := s.data[start:s.pos]
			s.pos++
			return raw, nil
		case c == '\\' || c >= utf8.RuneSelf:
			return s.hardString(start)
		case c < ' ':
			return nil, s.fail("no control character")
		}
		s.pos++
	}
	return nil, s.fail("the end of a string")
}

// hardString reads a string that has escapes or is not ASCII.
func (s *scanner) hardString(start int) ([]byte, error) {
	escaped := false
	for ; s.pos < len(s.data) && s.data[s.pos] != '"'; s.pos++ {
		if s.data[s.pos] == '\\' {
			escaped = true
			s.pos++
		}
	}
	if s.pos >= len(s.data) {
		return nil, s.fail("the end of a string")
	}
	raw := s.data[start:s.pos]
	s.pos++
	if !utf8.Valid(raw) {
		return nil, fmt.Errorf("JSON at byte %d: a string that is not UTF-8", start)
	}
	if !escaped {
		if i := bytes.IndexFunc(raw, func(r rune) bool { return r < ' ' }); i >= 0 {
			return nil, fmt.Errorf("JSON at byte %d: a control character", start+i)
		}
		return raw, nil
	}
	var text string
	if err := json.Unmarshal(s.data[start-1:s.pos], &text); err != nil {
		return nil, fmt.Errorf("JSON at byte %d: %w", start, err)
	}
	return []byte(text), nil
}

// number reads a number and returns its text.
func (s *scanner) number() ([]byte, error) {
	s.next()
	start := s.pos
	s.accept('-', '-')
	if !s.accept('0', '0') && !s.digits() {
		return nil, s.fail("a value")
	}
	if s.accept('.', '.') && !s.digits() {
		return nil, s.fail("a digit")
	}
	if s.accept('e', 'E') {
		s.accept('+', '-')
		if !s.digits() {
			return nil, s.fail("a digit")
		}
	}
	return s.data[start:s.pos], nil
}

// accept takes the next byte if it is a or b.
func (s *scanner) accept(a, b byte) bool {
	if s.pos < len(s.data) && (s.data[s.pos] == a || s.data[s.pos] == b) {
		s.pos++
		return true
	}
	return false
}

// digits takes at least one digit.
func (s *scanner) digits() bool {
	from := s.pos
	for s.pos < len(s.data) && s.data[s.pos]-'0' <= 9 {
		s.pos++
	}
	return s.pos > from
}

// literal reads true, false or null.
func (s *scanner) literal() (any, error) {
	switch s.next() {
	case 't':
		return true, s.word("true")
	case 'f':
		return false, s.word("false")
	}
	return nil, s.word("null")
}

func (s *scanner) word(w string) error {
	if len(s.data)-s.pos < len(w) || string(s.data[s.pos:s.pos+len(w)]) != w {
		return s.fail("a value")
	}
	s.pos += len(w)
	return nil
}

// skip reads over any value.
func (s *scanner) skip() error {
	switch s.next() {
	case '{':
		return s.object(func([]byte) error { return s.skip() })
	case '[':
		return s.array(s.skip)
	case '"':
		return s.skipString()
	case 't', 'f', 'n':
		_, err := s.literal()
		return err
	}
	_, err := s.number()
	return err
}

// skipString finds the end of a string. Whether it is UTF-8 matters only where it is read: one such text must not make a
// whole document unreadable.
func (s *scanner) skipString() error {
	for s.pos++; s.pos < len(s.data); s.pos++ {
		switch c := s.data[s.pos]; {
		case c == '"':
			s.pos++
			return nil
		case c == '\\':
			if err := s.escape(); err != nil {
				return err
			}
		case c < ' ':
			return s.fail("no control character")
		}
	}
	return s.fail("the end of a string")
}

// escape goes to the last byte of an escape.
func (s *scanner) escape() error {
	s.pos++
	if s.pos >= len(s.data) || bytes.IndexByte([]byte(`"\/bfnrtu`), s.data[s.pos]) < 0 {
		return s.fail("an escape")
	}
	if s.data[s.pos] != 'u' {
		return nil
	}
	for range 4 {
		if s.pos++; s.pos >= len(s.data) || bytes.IndexByte([]byte("0123456789abcdefABCDEF"), s.data[s.pos]) < 0 {
			return s.fail("a hexadecimal digit")
		}
	}
	return nil
}

// value reads a value that is not an object: a string, json.Number, bool, nil or []any of these.
func (s *scanner) value() (any, error) {
	switch s.next() {
	case '"':
		b, err := s.str()
		return string(b), err
	case 't', 'f', 'n':
		return s.literal()
	case '[':
		items := []any{}
		err := s.array(func() error {
			if c := s.next(); c == '[' || c == '{' {
				return s.fail("a scalar")
			}
			v, err := s.value()
			items = append(items, v)
			return err
		})
		return items, err
	}
	b, err := s.number()
	return json.Number(b), err
}

// end reports whether nothing but white space is left.
func (s *scanner) end() error {
	if s.next() != 0 || s.pos < len(s.data) {
		return s.fail("the end")
	}
	return nil
}
