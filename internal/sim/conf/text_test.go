package conf

import "testing"

func TestParsePath(t *testing.T) {
	for _, text := range []string{
		"/system/config/hostname",
		"/interfaces/interface[name=Ethernet1/1]/config/mtu",
		`/a/b[x=1][y=a\]b\\c]/d`,
	} {
		p, err := ParsePath(text)
		if err != nil || p.String() != text {
			t.Errorf("%q: %q, %v", text, p, err)
		}
	}
	for _, bad := range []string{"system", "/a[b", "/a/", "//", "/a[b]"} {
		if p, err := ParsePath(bad); err == nil {
			t.Errorf("%q: %q", bad, p)
		}
	}
}
