package plane

import (
	"bytes"
	"strings"
	"testing"
)

func TestPasswordsAreCompared(t *testing.T) {
	salt := bytes.Repeat([]byte{9}, 16)
	for clear, want := range map[string]string{
		"open-sesame": "open-sesame", "": "", "longer than twenty characters": "longer than twenty c", "$two$dollars": "$two$dollars",
	} {
		shown := Encrypt(clear, salt)
		if !Encrypted(shown) || clear != "" && strings.Contains(shown, clear) {
			t.Errorf("%q is shown as %q", clear, shown)
		}
		if got := Decrypt(shown); got != want {
			t.Errorf("%q: a session has %q", clear, got)
		}
		if Encrypted(clear) || Decrypt(clear) != clear {
			t.Errorf("%q is taken to be encrypted", clear)
		}
	}
	for _, foreign := range []string{"$aes1$AWhAFbcDDtDbmG8=$OoEPRKqEqO0zUzEDoNfTng==", "$6$salt$hash", "$aes1$!$!"} {
		if !Encrypted(foreign) || Decrypt(foreign) != foreign {
			t.Errorf("%q: a session has %q", foreign, Decrypt(foreign))
		}
	}
}
