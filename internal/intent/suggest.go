package intent

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tenter-net/tenter/internal/suggest"
)

// nearest returns a hint with the known name that is closest to what was written, or with all names when they are few
// and none is close. It never depends on the order of known.
func nearest(written string, known []string) string {
	return cmp.Or(suggest.Hint(written, known), few(known))
}

func few(known []string) string {
	known = slices.Compact(slices.Sorted(slices.Values(known)))
	if len(known) == 0 || len(known) > 16 {
		return ""
	}
	return "known here: " + strings.Join(known, ", ")
}
