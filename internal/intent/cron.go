package intent

import (
	"fmt"
	"strconv"
	"strings"
)

// A Cron is a checked expression of five fields: minute, hour, day of month, month, day of week.
type Cron string

type cronField struct {
	name     string
	min, max int
	names    []string // of min, min+1, …
}

var cronFields = []cronField{
	{"minute", 0, 59, nil},
	{"hour", 0, 23, nil},
	{"day of month", 1, 31, nil},
	{"month", 1, 12, []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"}},
	{"day of week", 0, 6, []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}},
}

// UnmarshalText checks the five fields. Only what every cron agrees on is let in: *, numbers, names, ranges, lists
// and steps; no @daily, no seconds, no 7 for Sunday.
func (c *Cron) UnmarshalText(b []byte) error {
	fields := strings.Fields(string(b))
	if len(fields) != len(cronFields) {
		return fmt.Errorf(`five fields are expected (minute, hour, day of month, month, day of week), as in "0 3 * * *", and there are %d`, len(fields))
	}
	for i, f := range cronFields {
		for part := range strings.SplitSeq(fields[i], ",") {
			if err := f.check(part); err != nil {
				return fmt.Errorf("%s %q: %w", f.name, part, err)
			}
		}
	}
	*c = Cron(strings.Join(fields, " "))
	return nil
}

func (f cronField) check(part string) error {
	span, step, stepped := strings.Cut(part, "/")
	if stepped {
		if n, err := strconv.Atoi(step); err != nil || n < 1 || n > f.max {
			return fmt.Errorf("a step is between 1 and %d", f.max)
		}
	}
	if span == "*" {
		return nil
	}
	from, to, ranged := strings.Cut(span, "-")
	lo, err := f.number(from)
	if err != nil || !ranged {
		return err
	}
	hi, err := f.number(to)
	if err == nil && hi < lo {
		err = fmt.Errorf("the range ends before it starts")
	}
	return err
}

func (f cronField) number(s string) (int, error) {
	for i, n := range f.names {
		if strings.EqualFold(n, s) {
			return f.min + i, nil
		}
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < f.min || n > f.max || s[0] == '+' {
		return 0, fmt.Errorf("a number between %d and %d is expected", f.min, f.max)
	}
	return n, nil
}
