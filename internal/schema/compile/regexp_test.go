package compile

import (
	"regexp"
	"testing"
)

func TestTranslate(t *testing.T) {
	tests := []struct {
		xsd     string
		yes, no []string
	}{
		{`[a-z]+`, []string{"abc"}, []string{"", "abc1", "ABC"}},
		{`a|b`, []string{"a", "b"}, []string{"ab", "ac"}},
		{`^[0-9]+$`, []string{"12"}, []string{"a", "^12$"}},
		{`(^a$)|(^b$)`, []string{"a", "b"}, []string{"ab"}},
		{`a^b$c`, []string{"a^b$c"}, []string{"abc"}},
		{`\d{2}`, []string{"12"}, []string{"1", "123"}},
		{`\p{L}\P{L}`, []string{"é1"}, []string{"11"}},
		{`\p{IsBasicLatin}*`, []string{"az~"}, []string{"é"}},
		{`\i\c*`, []string{"_a.b-c:d9"}, []string{"9a", "a b"}},
		{`\S+`, []string{"abc"}, []string{"a b"}},
		{`[^\s]+`, []string{"abc"}, []string{"a b"}},
		{`a.b`, []string{"axb"}, []string{"a\nb"}},
		{`[\w\-]+`, []string{"a-1"}, []string{"a b"}},
		{`route\-target:[0-9]{1,5}`, []string{"route-target:1"}, []string{"route-target:"}},
		{`\"x\"`, []string{`"x"`}, []string{"x"}},
	}
	for _, tt := range tests {
		re, exact, err := translate(tt.xsd)
		if err != nil || !exact {
			t.Errorf("translate(%q): exact %v, %v", tt.xsd, exact, err)
			continue
		}
		compiled, err := regexp.Compile("^(?:" + re + ")$")
		if err != nil {
			t.Errorf("translate(%q): %v", tt.xsd, err)
			continue
		}
		for _, s := range tt.yes {
			if !compiled.MatchString(s) {
				t.Errorf("%q does not match %q (as %s)", tt.xsd, s, re)
			}
		}
		for _, s := range tt.no {
			if compiled.MatchString(s) {
				t.Errorf("%q matches %q (as %s)", tt.xsd, s, re)
			}
		}
	}
}

func TestTranslateNamesWhatItCannot(t *testing.T) {
	for _, xsd := range []string{`[a-z-[aeiou]]`, `a\`, `a{2`, `\p{IsTibetan}`, `\q`, `\p`} {
		if re, _, err := translate(xsd); err == nil {
			t.Errorf("translate(%q) = %s, want an error", xsd, re)
		}
	}
	if re, exact, err := translate(`a{0,4096}`); err != nil || exact || re != `a{0,}` {
		t.Errorf("a wide repeat gave %s, exact %v, %v", re, exact, err)
	}
}
