package store

import (
	"encoding/hex"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5/pgtype"
)

// mark begins what stands in PostgreSQL's text for a byte that this cannot have, followed by two hexadecimal digits, or by nothing
// hexadecimal for a mark itself. It is no character, so nobody writes it.
const (
	mark       = "\U0010FFFE"
	markItself = mark + "--"
)

// storable returns the arguments as PostgreSQL can keep them: its text has no NUL and is UTF-8, and what devices and people
// say is not always. What is read again (pgRows.Scan) is what was given: a row that came back otherwise would differ from the
// event that tells of it, and from what its writer would write once more.
func storable(args []any) []any {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = storableText(v)
		case []string:
			for j, s := range v {
				v[j] = storableText(s)
			}
		}
	}
	return args
}

func storableText(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 && !strings.Contains(s, mark) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		switch {
		case s[0] == 0, r == utf8.RuneError && n == 1:
			b.WriteString(mark + hex.EncodeToString([]byte{s[0]}))
		case s[:n] == mark:
			b.WriteString(markItself)
		default:
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// asGiven is the inverse of storableText.
func asGiven(s string) string {
	parts := strings.Split(s, mark)
	for i, p := range parts[1:] {
		if len(p) < 2 { // nothing that was made so
			parts[i+1] = mark + p
			continue
		}
		if c, err := hex.DecodeString(p[:2]); err == nil {
			parts[i+1] = string(c) + p[2:]
		} else {
			parts[i+1] = mark + strings.TrimPrefix(p, markItself[len(mark):])
		}
	}
	return strings.Join(parts, "")
}

// Scan implements rows: text comes back as it was given.
func (r *pgRows) Scan(dest ...any) error {
	if err := r.Rows.Scan(dest...); err != nil {
		return err
	}
	for i, f := range r.FieldDescriptions() {
		if f.DataTypeOID != pgtype.TextOID {
			continue
		}
		switch v := dest[i].(type) {
		case *string:
			if strings.Contains(*v, mark) {
				*v = asGiven(*v)
			}
		case *[]byte:
			if strings.Contains(string(*v), mark) {
				*v = []byte(asGiven(string(*v)))
			}
		default:
			if to := reflect.ValueOf(v).Elem(); to.Kind() == reflect.String && strings.Contains(to.String(), mark) {
				to.SetString(asGiven(to.String()))
			}
		}
	}
	return nil
}
