package event

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Check refuses a draft whose type is not in the catalogue, whose data is not that type's struct or lacks what its readers
// cannot do without, or whose attributes are not text as CloudEvents has it (1.0.2, §3.1 type system): a producer's
// mistake must not reach the log, where it could never be taken back.
func (d Draft) Check() error {
	k, ok := catalogue[d.Type]
	if !ok {
		return fmt.Errorf("event type %q: not in the catalogue", d.Type)
	}
	data := reflect.ValueOf(d.Data)
	if !data.IsValid() || data.Type() != k.Data {
		return fmt.Errorf("event type %q: data is %T, want %v", d.Type, d.Data, k.Data)
	}
	for _, i := range k.required {
		if data.Field(i).Len() == 0 {
			name, _, _ := strings.Cut(k.Data.Field(i).Tag.Get("json"), ",")
			return fmt.Errorf("event type %q: data.%s is empty", d.Type, name)
		}
	}
	for _, a := range [...]struct{ name, value string }{
		{"id", string(d.ID)},
		{"source", d.Source},
		{"subject", d.Subject},
		{"correlationid", d.Correlation},
		{"causationid", string(d.Causation)},
		{"fabric", d.Fabric},
		{"actor", d.Actor},
		{"actortype", d.ActorType},
		{"severity", d.Severity},
		{"traceparent", d.TraceParent},
	} {
		if at := badText(a.value); at >= 0 {
			return fmt.Errorf("event type %q: %s: byte %d of %q is no text that an attribute may have", d.Type, a.name, at, a.value)
		}
	}
	if d.Severity != "" && !slices.Contains(severities, d.Severity) {
		return fmt.Errorf("event type %q: severity %q: want info, warning, error or critical", d.Type, d.Severity)
	}
	return nil
}

// severities are in their order, from least to most.
var severities = []string{SeverityInfo, SeverityWarning, SeverityError, SeverityCritical}

// badText returns where the text has what CloudEvents does not allow in an attribute, -1 for nowhere: bytes that are not
// UTF-8, control characters and noncharacters. A database would refuse some of them, too, and everything beside them.
func badText(s string) int {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return badRune(s, i)
		}
		if s[i] < ' ' || s[i] == 0x7f {
			return i
		}
	}
	return -1
}

func badRune(s string, from int) int {
	for i, r := range s[from:] {
		if r == utf8.RuneError {
			if _, size := utf8.DecodeRuneInString(s[from+i:]); size == 1 {
				return from + i
			}
		}
		if unicode.IsControl(r) || r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef {
			return from + i
		}
	}
	return -1
}
