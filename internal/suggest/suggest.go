// Package suggest finds the known name that somebody meant who wrote another one, for the hints of error messages.
// What it returns depends on neither the case of the letters nor the order of the known names.
package suggest

import (
	"fmt"
	"strings"
)

// longest is the length up to which names are compared: beyond it nobody mistypes a name, and the work is quadratic.
const longest = 64

// Nearest returns the known name closest to what was written, the first by alphabet among equals, or "" if none is close:
// a third of the letters may be wrong, in short names one.
func Nearest(written string, known []string) string {
	best, least := "", min(max(1, len(written)/3)+1, len(written))
	for _, k := range known {
		d := distance(strings.ToLower(written), strings.ToLower(k))
		if d < least || d == least && best != "" && k < best {
			best, least = k, d
		}
	}
	return best
}

// Hint returns the question whether the nearest name was meant, or "" if none is close.
func Hint(written string, known []string) string {
	if best := Nearest(written, known); best != "" {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return ""
}

// distance is the number of letters to insert, delete or change, and of neighbors to swap, that turns a into b
// (optimal string alignment). Swaps count once, since typing two letters in the wrong order is one mistake.
func distance(a, b string) int {
	if len(a) > longest || len(b) > longest {
		return max(len(a), len(b))
	}
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, last, row = last, row, before
		row[0] = i + 1
		for j := range len(b) {
			change := last[j]
			if a[i] != b[j] {
				change++
			}
			row[j+1] = min(change, last[j+1]+1, row[j]+1)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
