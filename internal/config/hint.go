package config

import (
	"fmt"
	"strings"
)

// closeEnough is up to how many edits a name is taken for a misspelled one.
const closeEnough = 2

// hint proposes what an unknown key was probably meant to be.
func hint(name string, keys []key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.name
	}
	if closest := closestTo(name, names); closest != "" {
		return fmt.Sprintf("; did you mean %q?", closest)
	}
	return "; known here: " + strings.Join(names, ", ")
}

// closestTo returns the first of the nearest names, or "" if none is near.
func closestTo(name string, names []string) string {
	closest, best := "", closeEnough+1
	for _, candidate := range names {
		if d := distance(name, candidate); d < best {
			closest, best = candidate, d
		}
	}
	return closest
}

// distance is the number of single-byte edits between two names (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
