package schema

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// integer reads any form of an integer. RFC 7951 §6.1 has the 64-bit types as strings and the others as numbers.
func (t *Type) integer(v any, how strictness) (Value, string) {
	text := ""
	switch v := v.(type) {
	case json.Number:
		if how == strict && (t.Base == Int64 || t.Base == Uint64) {
			return "", "a 64-bit integer is a string in JSON"
		}
		text = wholeText(string(v))
	case string:
		if how == strict && t.Base != Int64 && t.Base != Uint64 {
			return "", "not a number"
		}
		text = v
	case Text:
		text = string(v)
	case float32:
		text = floatText(float64(v))
	case float64:
		text = floatText(v)
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		text = fmt.Sprint(v)
	case Decimal:
		if v.Precision > 0 {
			return "", "not an integer"
		}
		text = strconv.FormatInt(v.Digits, 10)
	default:
		return "", "not an integer"
	}
	return t.integerText(text)
}

// wholeText spells a JSON number out that has a point or an exponent and is whole all the same: "1e+10", "9000.0".
func wholeText(number string) string {
	if strings.ContainsAny(number, ".eE") {
		if n, why := scale(number, 0); why == "" {
			return strconv.FormatInt(n, 10)
		}
	}
	return number
}

func floatText(f float64) string {
	if f == math.Trunc(f) && math.Abs(f) < 1<<53 {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

func (t *Type) integerText(text string) (Value, string) {
	unsigned := t.Base >= Uint8
	var n int64
	var err error
	plain := strings.TrimPrefix(text, "+")
	if unsigned {
		var u uint64
		if plain == "-0" {
			plain = "0"
		}
		u, err = strconv.ParseUint(plain, 10, 64)
		n = int64(u)
	} else {
		n, err = strconv.ParseInt(plain, 10, 64)
	}
	if err != nil {
		return "", "not an integer in range"
	}
	limits := t.Base.Limits()
	if !inside([]Range{limits}, n, unsigned) || len(t.Ranges) > 0 && !inside(t.Ranges, n, unsigned) {
		return "", "out of range"
	}
	if unsigned {
		return Value(strconv.AppendUint([]byte{KindInt}, uint64(n), 10)), ""
	}
	return Value(strconv.AppendInt([]byte{KindInt}, n, 10)), ""
}

// decimal64 scales the decimal text itself: float64 has 53 bits and would hide differences (RFC 7950 §9.3).
func (t *Type) decimal64(v any, how strictness) (Value, string) {
	text := ""
	switch v := v.(type) {
	case string:
		text = v
	case Text:
		text = string(v)
	case json.Number:
		if how == strict {
			return "", "a decimal64 is a string in JSON"
		}
		text = string(v)
	case float32:
		text = strconv.FormatFloat(float64(v), 'f', -1, 32)
	case float64:
		text = strconv.FormatFloat(v, 'f', -1, 64)
	case Decimal:
		if v.Precision > 18 {
			return "", "too many digits"
		}
		text = decimalText(v.Digits, int(v.Precision))
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		if how == strict {
			return "", "not a decimal"
		}
		text = fmt.Sprint(v)
	default:
		return "", "not a decimal"
	}
	n, why := scale(text, t.Fraction)
	if why != "" {
		return "", why
	}
	if len(t.Ranges) > 0 && !inside(t.Ranges, n, false) {
		return "", "out of range"
	}
	b := strconv.AppendInt([]byte{KindDecimal64}, n, 10)
	return Value(strconv.AppendInt(append(b, '/'), int64(t.Fraction), 10)), ""
}

// scale returns text × 10^digits, if that is an int64.
func scale(text string, digits int) (int64, string) {
	// JSON numbers may carry an exponent; shift it into the digits.
	exp := 0
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		var err error
		if exp, err = strconv.Atoi(text[i+1:]); err != nil || exp < -40 || exp > 40 {
			return 0, "not a decimal"
		}
		text = text[:i]
	}
	whole, frac, point := strings.Cut(text, ".")
	if point && frac == "" {
		return 0, "not a decimal"
	}
	sign := strings.HasPrefix(whole, "-")
	if sign || strings.HasPrefix(whole, "+") {
		whole = whole[1:]
	}
	for _, r := range whole + frac {
		if r < '0' || r > '9' {
			return 0, "not a decimal"
		}
	}
	if whole == "" {
		return 0, "not a decimal"
	}
	all := whole + frac
	shift := digits + exp - len(frac)
	if shift >= 0 {
		all += strings.Repeat("0", shift)
	} else {
		cut := max(0, len(all)+shift)
		if strings.Trim(all[cut:], "0") != "" {
			return 0, fmt.Sprintf("more than %d digits behind the point", digits)
		}
		all = all[:cut]
		if all == "" {
			all = "0"
		}
	}
	if sign {
		all = "-" + all
	}
	n, err := strconv.ParseInt(all, 10, 64)
	if err != nil {
		return 0, "out of range"
	}
	return n, ""
}
