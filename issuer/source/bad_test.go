package source

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each testdata/bad/KIND-WHAT.json is a file as it should not be. Beside it,
// KIND-WHAT.txt holds all that is said about it: the error, or the ids that went
// in and every problem.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/bad/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			want, err := os.ReadFile(strings.TrimSuffix(file, ".json") + ".txt")
			if err != nil {
				t.Fatal(err)
			}
			if got := report(t, file); got != string(want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

// report reads a file as its name says and writes down what came of it.
func report(t *testing.T, file string) string {
	t.Helper()
	from, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	kind, _, _ := strings.Cut(filepath.Base(file), "-")
	switch kind {
	case "people":
		result, err := People(from)
		return written(result, err, func(i int) string { return result.Records[i].ID })
	case "training":
		result, err := Training(from, Config{Source: "lrs"})
		return written(result, err, func(i int) string { return result.Records[i].Origin.ID })
	case "devices":
		result, err := Devices(from, Config{Source: "graph"})
		return written(result, err, func(i int) string { return result.Records[i].Origin.ID })
	}
	t.Fatalf("the name of %s says no kind", file)
	return ""
}

func written[T any](result Result[T], err error, id func(int) string) string {
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	var text strings.Builder
	ids := make([]string, len(result.Records))
	for i := range result.Records {
		ids[i] = id(i)
	}
	fmt.Fprintf(&text, "in: %s\n", strings.Join(ids, ", "))
	for _, problem := range result.Problems {
		fmt.Fprintln(&text, problem)
	}
	return text.String()
}
