package compile

import (
	"fmt"
	"strconv"
	"strings"
)

// translate turns a regular expression of XML Schema (RFC 7950 §9.4.5) into Go's syntax. XML Schema's match the whole
// string, so ^ and $ are plain characters there; but many published modules write them as anchors around the whole
// pattern, and mean them so. exact is false if a repeat count beyond Go's limit of 1000 was widened.
func translate(xsd string) (re string, exact bool, err error) {
	var b strings.Builder
	exact = true
	body := strings.TrimPrefix(xsd, "^")
	if strings.HasSuffix(body, "$") && !strings.HasSuffix(body, `\$`) {
		body = strings.TrimSuffix(body, "$")
	}
	class := 0
	for i := 0; i < len(body); i++ {
		ch := body[i]
		switch {
		case ch == '\\':
			if i++; i == len(body) {
				return "", false, fmt.Errorf("ends in a backslash")
			}
			n, err := escape(&b, body[i:], class > 0)
			if err != nil {
				return "", false, err
			}
			i += n
		case class > 0:
			switch {
			case ch == ']':
				class--
			case ch == '[':
				return "", false, fmt.Errorf("subtracts character classes")
			}
			b.WriteByte(ch)
		case ch == '[':
			class++
			b.WriteByte(ch)
			if strings.HasPrefix(body[i+1:], "^") {
				b.WriteByte('^')
				i++
			}
		case ch == '^' || ch == '$':
			// Around an alternative, as in ^a$|^b$, it is an anchor again.
			anchor := ch == '^' && (i == 0 || strings.IndexByte("(|", body[i-1]) >= 0) ||
				ch == '$' && (i == len(body)-1 || strings.IndexByte(")|", body[i+1]) >= 0)
			if !anchor {
				b.WriteByte('\\')
			}
			b.WriteByte(ch)
		case ch == '{':
			end := strings.IndexByte(body[i:], '}')
			if end < 0 {
				return "", false, fmt.Errorf("no } closes a repeat")
			}
			text, ok := repeat(body[i+1 : i+end])
			exact = exact && ok
			b.WriteString(text)
			i += end
		case ch == '.':
			b.WriteString(`[^\n\r]`)
		default:
			b.WriteByte(ch)
		}
	}
	return b.String(), exact, nil
}

// escape writes what follows a backslash and returns how many bytes beyond the first it took.
func escape(b *strings.Builder, s string, inClass bool) (int, error) {
	wrap := func(set string) {
		if inClass {
			b.WriteString(set)
		} else {
			b.WriteString("[" + set + "]")
		}
	}
	switch s[0] {
	case 'd':
		wrap(`\p{Nd}`)
	case 'D':
		wrap(`\P{Nd}`)
	case 'w':
		wrap(`\p{L}\p{M}\p{N}\p{S}`)
	case 's':
		wrap(` \t\n\r`)
	case 'i':
		wrap(`\p{L}_:`)
	case 'c':
		wrap(`\p{L}\p{Nd}\p{M}._:\-`)
	case 'S', 'W', 'I', 'C':
		negated := map[byte]string{'S': ` \t\n\r`, 'W': `\p{L}\p{M}\p{N}\p{S}`, 'I': `\p{L}_:`, 'C': `\p{L}\p{Nd}\p{M}._:\-`}
		if inClass {
			return 0, fmt.Errorf(`has \%c in a character class`, s[0])
		}
		b.WriteString("[^" + negated[s[0]] + "]")
	case 'p', 'P':
		end := strings.IndexByte(s, '}')
		if end < 0 || len(s) < 2 || s[1] != '{' {
			return 0, fmt.Errorf("has a broken character property")
		}
		name := s[2:end]
		if block, ok := strings.CutPrefix(name, "Is"); ok {
			set, ok := map[string]string{"BasicLatin": `\x00-\x7f`, "Latin-1Supplement": `\x{80}-\x{ff}`}[block]
			if !ok || inClass && s[0] == 'P' {
				return 0, fmt.Errorf("has the character block %s", block)
			}
			if s[0] == 'P' {
				b.WriteString("[^" + set + "]")
			} else {
				wrap(set)
			}
			return end, nil
		}
		b.WriteString(`\` + s[:end+1])
		return end, nil
	case 'n', 'r', 't', '\\', '|', '.', '-', '^', '?', '*', '+', '{', '}', '(', ')', '[', ']', '$':
		b.WriteByte('\\')
		b.WriteByte(s[0])
	default:
		// Not XML Schema, but common: a needless backslash.
		if s[0] >= 'a' && s[0] <= 'z' || s[0] >= 'A' && s[0] <= 'Z' || s[0] >= '0' && s[0] <= '9' {
			return 0, fmt.Errorf(`has \%c`, s[0])
		}
		if strings.IndexByte(`"'/:#@!%&=<>,;_~ `, s[0]) < 0 {
			b.WriteByte('\\')
		}
		b.WriteByte(s[0])
	}
	return 0, nil
}

// repeat returns a counted repeat, widened where Go has no such count.
func repeat(count string) (text string, exact bool) {
	lo, hi, isRange := strings.Cut(count, ",")
	n, _ := strconv.Atoi(lo)
	m, _ := strconv.Atoi(hi)
	switch {
	case n > 1000:
		return "+", false
	case isRange && m > 1000:
		return fmt.Sprintf("{%d,}", n), false
	}
	return "{" + count + "}", true
}
