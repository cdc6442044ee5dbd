package cyberbadge_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

const operations = "docs/operations.md"

// documents are the files that this package holds to the code.
func documents(t *testing.T) []string {
	t.Helper()
	found := []string{readme, "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md"}
	inDocs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	return append(found, inDocs...)
}

func TestDocuments_LinksLeadSomewhere(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#:]*)(?:#([^)]*))?\)`)
	for _, path := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(readFile(t, path), -1) {
			target, heading := path, match[2]
			if match[1] != "" {
				target = filepath.Join(filepath.Dir(path), match[1])
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s: %v", path, match[1], err)
				continue
			}
			if heading != "" && !hasHeading(readFile(t, target), heading) {
				t.Errorf("%s links to %s#%s: there is no such heading", path, match[1], heading)
			}
		}
	}
}

// hasHeading looks for a heading by the anchor that hosts make of it.
func hasHeading(document, anchor string) bool {
	for line := range strings.Lines(document) {
		text, isHeading := strings.CutPrefix(strings.TrimLeft(line, "#"), " ")
		if !isHeading || !strings.HasPrefix(line, "#") {
			continue
		}
		if strings.ReplaceAll(strings.ToLower(strings.TrimSpace(text)), " ", "-") == anchor {
			return true
		}
	}
	return false
}

func TestDocuments_NameTestsThatThereAre(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && entry.Name() == "node_modules":
			return fs.SkipDir
		case strings.HasSuffix(path, "_test.go"), strings.HasPrefix(path, "verifier/testdata/attacks/"):
			if !entry.IsDir() {
				sources.WriteString(readFile(t, path))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z][A-Za-z0-9_]*)`")
	cases := regexp.MustCompile("`([A-Z][0-9]+-[A-Za-z0-9-]+)`")
	for _, path := range documents(t) {
		document := readFile(t, path)
		for _, match := range names.FindAllStringSubmatch(document, -1) {
			if !strings.Contains(sources.String(), "func "+match[1]+"(") && path != "CONTRIBUTING.md" {
				t.Errorf("%s names %s, which is not there", path, match[1])
			}
		}
		for _, match := range cases.FindAllStringSubmatch(document, -1) {
			if !strings.Contains(sources.String(), `"id": "`+match[1]+`"`) {
				t.Errorf("%s names the case %s, which is not there", path, match[1])
			}
		}
	}
}

// TestOperations_ExplainEverySetting reads the settings off the structs that the
// configuration files fill.
func TestOperations_ExplainEverySetting(t *testing.T) {
	t.Parallel()
	structs := structsOf(t, "cmd/cyberbadge")
	document := readFile(t, operations)
	for _, root := range []string{"issuerConfig", "verifierConfig"} {
		settings := settingsOf(structs, root)
		if len(settings) < 10 {
			t.Errorf("only %d settings were found in %s", len(settings), root)
		}
		for _, setting := range settings {
			if !regexp.MustCompile("(?m)^\\|[^|]*`" + regexp.QuoteMeta(setting) + "`[^|]*\\|").MatchString(document) {
				t.Errorf("%s does not explain %s", operations, setting)
			}
		}
	}
}

// isFile matches names in the issuer's folder, which look like settings.
var isFile = regexp.MustCompile(`\.(yaml|sock|db)$`)

func TestOperations_ExplainOnlySettingsThatThereAre(t *testing.T) {
	t.Parallel()
	structs := structsOf(t, "cmd/cyberbadge")
	known := map[string]bool{}
	for _, setting := range append(settingsOf(structs, "issuerConfig"), settingsOf(structs, "verifierConfig")...) {
		known[setting] = true
	}
	row := regexp.MustCompile("(?m)^\\| (`(?:issuer|verifier|gates|visits|program|notify|mail|teams|slack|lockout|outbound|office|limits|evidence)\\.[a-z_.]+`.*?) \\|")
	for _, match := range row.FindAllStringSubmatch(readFile(t, operations), -1) {
		for _, setting := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(match[1], -1) {
			if !known[setting[1]] && !isFile.MatchString(setting[1]) {
				t.Errorf("%s explains %s, which is no setting", operations, setting[1])
			}
		}
	}
}

// structsOf returns the structs of a package's files by name.
func structsOf(t *testing.T, folder string) map[string]*ast.StructType {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	structs := map[string]*ast.StructType{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok {
				if s, ok := spec.Type.(*ast.StructType); ok {
					structs[spec.Name.Name] = s
				}
			}
			return true
		})
	}
	return structs
}

// settingsOf returns the dotted names of the values in a struct, by their yaml
// tags.
func settingsOf(structs map[string]*ast.StructType, name string) []string {
	var settings []string
	for _, field := range structs[name].Fields.List {
		if field.Tag == nil {
			continue
		}
		key := reflect.StructTag(strings.Trim(field.Tag.Value, "`")).Get("yaml")
		section, ok := field.Type.(*ast.Ident)
		if !ok || structs[section.Name] == nil {
			settings = append(settings, key)
			continue
		}
		for _, below := range settingsOf(structs, section.Name) {
			settings = append(settings, key+"."+below)
		}
	}
	return settings
}
