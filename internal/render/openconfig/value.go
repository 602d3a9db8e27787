package openconfig

import (
	"fmt"
	"strconv"

	"github.com/tenter-net/tenter/internal/render/dialect"
	"github.com/tenter-net/tenter/internal/tree"
)

// text returns nil for an empty string: the intents say nothing.
func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// positive returns nil for zero: the intents say nothing. What does not fit the type is a problem.
func positive[T uint8 | uint16 | uint32](w *dialect.Writer, source tree.Source, n int) *T {
	if n == 0 {
		return nil
	}
	v := T(n)
	if n < 0 || int(v) != n {
		w.Problems = append(w.Problems, dialect.Problem{Source: source, Reason: fmt.Sprintf("%d is out of range", n)})
		return nil
	}
	return &v
}

func itoa(n int) string { return strconv.Itoa(n) }
