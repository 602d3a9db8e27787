package tree

import "testing"

func FuzzXPath(f *testing.F) {
	for _, s := range []string{"../a = 'b'", "not(/x:a[k=current()/../b]/c) or count(../d) > 2", "((((", "a[b[c]]", "'", "..", "1.5.2", ". mod 50 = -1 * 2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := parseXPath(text)
		if (e == nil) != (err != nil) {
			t.Fatalf("expression %v and error %v", e, err)
		}
	})
}
