package conf

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/openconfig/goyang/pkg/yang"
)

// restrict tells what is wrong with the value of a leaf or leaf-list of a native tree beyond its form.
func (s *Schema) restrict(v Value) error {
	if s.Kind != LeafList {
		return fits(s.typ, v)
	}
	var errs []error
	for _, member := range v.List {
		errs = append(errs, fits(s.typ, member))
	}
	return errors.Join(errs...)
}

// fits tells whether a value lies within its type's range, length and patterns (RFC 7950 §9). A union takes what
// one of its members takes. A member that is a leafref takes any text: what it points at is not looked up there.
func fits(t *yang.YangType, v Value) error {
	switch t.Kind {
	case yang.Yunion:
		for _, member := range t.Type {
			if _, err := keyValue(member, v.Text); err == nil && fits(member, v) == nil {
				return nil
			}
		}
		return fmt.Errorf("%q fits no member of the union %s", v.Text, t.Name)
	case yang.Ybits:
		for _, bit := range strings.Fields(v.Text) {
			if t.Bit != nil && !t.Bit.IsDefined(bit) {
				return fmt.Errorf("%q is no bit of %s", bit, t.Name)
			}
		}
	case yang.Ystring:
		return fitsString(t, v.Text)
	case yang.Ydecimal64:
		n, err := yang.ParseDecimal(v.Text, uint8(t.FractionDigits))
		if err != nil {
			return err
		}
		return inRange(t.Range, n, v.Text)
	}
	if isNumber(t.Kind) {
		n, err := yang.ParseInt(v.Text)
		if err != nil {
			return err
		}
		return inRange(t.Range, n, v.Text)
	}
	return nil
}

func inRange(r yang.YangRange, n yang.Number, text string) error {
	if len(r) == 0 || slices.ContainsFunc(r, func(part yang.YRange) bool { return !n.Less(part.Min) && !part.Max.Less(n) }) {
		return nil
	}
	return fmt.Errorf("%s is out of the range %s", text, r)
}

func fitsString(t *yang.YangType, text string) error {
	length := yang.FromUint(uint64(utf8.RuneCountInString(text)))
	if err := inRange(t.Length, length, "a length of "+length.String()); err != nil {
		return err
	}
	for _, p := range t.Pattern {
		if ok, err := matches(p, text); err != nil || !ok {
			return errors.Join(err, fmt.Errorf("%q does not match the pattern %q of %s", text, p, t.Name))
		}
	}
	for _, p := range t.POSIXPattern { // in native trees those that must not match
		if ok, err := matches(p, text); err != nil || ok {
			return errors.Join(err, fmt.Errorf("%q matches the pattern %q, which %s excludes", text, p, t.Name))
		}
	}
	return nil
}

// patterns holds every pattern that was used, compiled.
var patterns sync.Map

// matches tells whether text matches a pattern as XML Schema has it (RFC 7950 §9.4.5): as a whole, with ^ and $ as
// ordinary characters outside of classes.
func matches(pattern, text string) (bool, error) {
	if re, ok := patterns.Load(pattern); ok {
		return re.(*regexp.Regexp).MatchString(text), nil
	}
	re, err := regexp.Compile("^(?:" + plainAnchors(pattern) + ")$")
	if err != nil {
		return false, fmt.Errorf("pattern of the model: %w", err)
	}
	patterns.Store(pattern, re)
	return re.MatchString(text), nil
}

// plainAnchors escapes ^ and $ where they are ordinary characters in XML Schema. OpenConfig's modules write them as
// anchors all the same, at the ends: there they say nothing new and are dropped.
func plainAnchors(pattern string) string {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "^"), "$")
	var b strings.Builder
	class := 0
	for i := 0; i < len(pattern); i++ {
		c := pattern[i]
		switch {
		case c == '\\' && i+1 < len(pattern):
			b.WriteByte(c)
			i++
			c = pattern[i]
		case c == '[':
			class++
		case c == ']' && class > 0:
			class--
		case (c == '^' || c == '$') && class == 0:
			b.WriteByte('\\')
		}
		b.WriteByte(c)
	}
	return b.String()
}
