package intent

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// nearest returns a hint with the known name that is closest to what was written, or with all names when they are few
// and none is close. It never depends on the order of known.
func nearest(written string, known []string) string {
	known = slices.Clone(known)
	slices.Sort(known)
	known = slices.Compact(known)
	best, dist := "", 1+max(1, len(written)/3)
	for _, k := range known {
		if d := distance(strings.ToLower(written), strings.ToLower(k)); d < dist {
			best, dist = k, d
		}
	}
	switch {
	case best != "":
		return fmt.Sprintf("did you mean %q?", best)
	case len(known) > 0 && len(known) <= 16:
		return "known here: " + strings.Join(known, ", ")
	}
	return ""
}

// distance is the number of insertions, deletions, changes and swaps of neighbors that turn a into b.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return cmp.Compare(a, b) * cmp.Compare(a, b) * 64
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			change := 1
			if a[i-1] == b[j-1] {
				change = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+change)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
