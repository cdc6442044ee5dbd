package source

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// Whatever a file holds, reading it ends, and what goes in has its ids, each
// once, in texts that are whole.
func FuzzFiles(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.json")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		people, _ := People(bytes.NewReader(text))
		seen := map[string]bool{}
		for _, p := range people.Records {
			if p.ID == "" || seen[p.ID] || !utf8.ValidString(p.DisplayName) {
				t.Fatalf("person %+v", p)
			}
			seen[p.ID] = true
		}
		training, _ := Training(bytes.NewReader(text), Config{Source: "lrs"})
		for _, r := range training.Records {
			if r.Origin.ID == "" || r.PersonExternalID == "" || r.Course == "" || r.Outcome == "" {
				t.Fatalf("training %+v", r)
			}
		}
		devices, _ := Devices(bytes.NewReader(text), Config{Source: "graph"})
		for _, d := range devices.Records {
			if d.Origin.ID == "" {
				t.Fatalf("device %+v", d)
			}
		}
	})
}
