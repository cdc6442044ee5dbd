package config

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

type common struct {
	Name string `yaml:"name"`
}

type course struct {
	ID    string        `yaml:"id"`
	Valid time.Duration `yaml:"valid"`
	Token Secret        `yaml:"token"`
}

type section struct {
	common `yaml:",inline"`

	Listen   string            `yaml:"listen"`
	Life     time.Duration     `yaml:"badge-life"`
	Token    Secret            `yaml:"admin_token"`
	Workers  int8              `yaml:"workers"`
	Limit    uint16            `yaml:"limit"`
	Share    float32           `yaml:"share"`
	LockOut  bool              `yaml:"lock_out"`
	Optional *bool             `yaml:"optional"`
	Networks []netip.Prefix    `yaml:"networks"`
	Before   []time.Duration   `yaml:"before"`
	Address  netip.Addr        `yaml:"address"`
	Courses  []course          `yaml:"courses"`
	Sites    map[string]course `yaml:"sites"`
	Labels   map[string]string `yaml:"labels"`
	Untagged string
	Hidden   string   `yaml:"-"`
	Mail     *section `yaml:"-"`
}

type file struct {
	Issuer   section  `yaml:"issuer"`
	Verifier *server  `yaml:"verifier"`
	Debug    bool     `yaml:"debug"`
	Sites    []string `yaml:"sites"`
	invalid  error
}

type server struct {
	Listen string `yaml:"listen"`
}

func (f *file) Validate() error { return f.invalid }

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return path
}

// load returns the lines of the error, with the folder cut out of the paths.
func load(t *testing.T, text string, environ ...string) (file, []string) {
	t.Helper()
	path := write(t, "c.yaml", text, 0o644)
	var f file
	err := Load(path, environ, &f)
	if err == nil {
		return f, nil
	}
	return f, strings.Split(strings.ReplaceAll(err.Error(), filepath.Dir(path)+"/", ""), "\n")
}

func TestFileFillsEveryKindOfValue(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{"token": "s3cret\n", "other": "two\n\n", "crlf": "three\r\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "c.yaml")
	text := `
# a comment
issuer:
  name: Vendor
  listen: 127.0.0.1:8443   # another
  badge-life: 1d12h
  admin_token: {file: token}
  workers: -128
  limit: 65535
  share: 0.5
  lock_out: true
  optional: false
  networks: [10.0.0.0/8, "fd00::/8"]
  before: [30d, "14d", 1h]
  address: 10.0.0.1
  courses:
    - id: c1
      valid: 365d
      token:
        file: ` + filepath.Join(dir, "other") + `
    - {id: c2}
  sites:
    plant 1: {id: c3, valid: 1d, token: {file: crlf}}
  labels: {a: b, "1": c}
  untagged: x
verifier:
debug: true
sites: [x, y]
`
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	var got file
	if err := Load(path, nil, &got); err != nil {
		t.Fatal(err)
	}
	no := false
	want := file{
		Issuer: section{
			common: common{"Vendor"}, Listen: "127.0.0.1:8443", Life: 36 * time.Hour, Token: NewSecret("s3cret"),
			Workers: -128, Limit: 65535, Share: 0.5, LockOut: true, Optional: &no,
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")},
			Before:   []time.Duration{30 * day, 14 * day, time.Hour},
			Address:  netip.MustParseAddr("10.0.0.1"),
			Courses:  []course{{"c1", 365 * day, NewSecret("two\n")}, {ID: "c2"}},
			Sites:    map[string]course{"plant 1": {"c3", day, NewSecret("three")}},
			Labels:   map[string]string{"a": "b", "1": "c"},
			Untagged: "x",
		},
		Verifier: &server{},
		Debug:    true,
		Sites:    []string{"x", "y"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
}

func TestFileErrorsNamePlaceAndRemedyAllAtOnce(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		want       []string
	}{
		{"empty", "", nil},
		{"only comments", "# nothing\n", nil},
		{"an empty document", "---\n", nil},
		{"several problems", "issuer:\n  listn: x\n  workers: many\n  badge-life: 90\n  lock_out:\nserver: {}\nverifier: {listen: x, tls: y}\n", []string{
			`config: c.yaml:2:3: unknown key "listn"; did you mean "listen"?`,
			`config: c.yaml:3:12: expected a whole number from -128 to 127`,
			`config: c.yaml:4:15: 90 is not a duration; write one with its unit, such as 90s, 15m, 24h or 7d`,
			`config: c.yaml:5:12: the key has no value; give one or remove the key`,
			`config: c.yaml:6:1: unknown key "server"; known here: issuer, verifier, debug, sites`,
			`config: c.yaml:7:23: unknown key "tls"; known here: listen`,
		}},
		{"inside lists and tables", "issuer:\n  courses: [{id: a, vald: 1d}, {valid: 1x}]\n  sites: {p: {id: [1]}}\n", []string{
			`config: c.yaml:2:21: unknown key "vald"; did you mean "valid"?`,
			`config: c.yaml:2:40: "1x" is not a duration; write 90s, 15m, 24h, 7d or 1d12h`,
			`config: c.yaml:3:19: expected one text`,
		}},
		{"duplicate key", "debug: true\nissuer: {listen: a}\ndebug: false\n", []string{
			`config: c.yaml:3:1: mapping key "debug" already defined at [1:1]`}},
		{"wrong shapes", "issuer: {courses: {id: a}, sites: 3, listen: {a: b}}\nverifier: [a]\n", []string{
			`config: c.yaml:1:19: a list is expected here; begin each element with "- "`,
			`config: c.yaml:1:35: keys and values are expected here, such as "key: value"`,
			`config: c.yaml:1:46: expected one text`,
			`config: c.yaml:2:11: keys and values are expected here, such as "key: value"`}},
		{"no mapping", "just a text\n", []string{`config: c.yaml:1:1: keys and values are expected here, such as "key: value"`}},
		{"out of range", "issuer: {workers: 128, limit: -1}\n", []string{
			`config: c.yaml:1:19: expected a whole number from -128 to 127`,
			`config: c.yaml:1:31: expected a whole number from 0 to 65535`}},
		{"not an address", "issuer: {address: here}\n", []string{
			`config: c.yaml:1:19: ParseAddr("here"): unable to parse IP`}},
		{"no network", "issuer: {networks: [10.0.0.0/8, 10.0.0.1]}\n", []string{
			`config: c.yaml:1:20: "10.0.0.1" is not a network; write one such as 10.20.0.0/16`}},
		{"anchor and alias", "issuer: &a {listen: x}\nverifier: *a\n", []string{
			`config: c.yaml:1:9: anchors and aliases are not read here; write the value where it is meant`,
			`config: c.yaml:2:11: anchors and aliases are not read here; write the value where it is meant`}},
		{"merge", "issuer: {listen: x}\nverifier:\n  <<: {listen: y}\n", []string{
			`config: c.yaml:3:3: anchors and aliases are not read here; write the value where it is meant`}},
		{"tag", "debug: !!bool \"true\"\n", []string{
			`config: c.yaml:1:8: tags and directives are not read here; write the plain value`}},
		{"two documents", "debug: true\n---\ndebug: false\n", []string{
			`config: c.yaml:2:1: a second document begins here; put everything into one`}},
		{"key without tag in another case", "issuer: {Untagged: x}\n", []string{
			`config: c.yaml:1:10: unknown key "Untagged"; did you mean "untagged"?`}},
		{"hidden", "issuer: {Hidden: x}\n", []string{
			`config: c.yaml:1:10: unknown key "Hidden"; known here: name, listen, badge-life, admin_token, workers, limit, share, lock_out, optional, networks, before, address, courses, sites, labels, untagged`}},
		{"secret in the file", "issuer: {admin_token: hunter2}\n", []string{
			`config: c.yaml:1:23: secrets are not written in this file; write {file: /path/to/the/secret}`}},
		{"secret without a file", "issuer: {admin_token: {}}\n", []string{
			`config: c.yaml:1:23: write {file: /path/to/the/secret}`}},
		{"secret with another key", "issuer: {admin_token: {fil: x}}\n", []string{
			`config: c.yaml:1:24: unknown key "fil"; did you mean "file"?`}},
		{"secret that is not there", "issuer: {admin_token: {file: nowhere}}\n", []string{
			`config: c.yaml:1:23: there is no file nowhere for the secret`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, got := load(t, c.text)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s\n got %s\nwant %s", c.text, strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}

func TestSyntaxErrorNamesItsPlace(t *testing.T) {
	t.Parallel()
	_, got := load(t, "debug: true\nissuer: {listen: x\n")
	if len(got) != 1 || !strings.HasPrefix(got[0], "config: c.yaml:2:") {
		t.Errorf("%q", got)
	}
}

func TestOptionalSectionStaysAbsentUnlessNamed(t *testing.T) {
	t.Parallel()
	if f, problems := load(t, "debug: true\n"); problems != nil || f.Verifier != nil {
		t.Errorf("%v %v", problems, f.Verifier)
	}
}

func TestFileAndEnvironmentProblemsComeTogether(t *testing.T) {
	t.Parallel()
	_, got := load(t, "x: 1\n", "CYBERBADGE_DEBUG=maybe")
	want := []string{
		`config: c.yaml:1:1: unknown key "x"; known here: issuer, verifier, debug, sites`,
		"config: CYBERBADGE_DEBUG: expected true or false",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q", got)
	}
}

func TestValidateIsCalledOnceEverythingIsRead(t *testing.T) {
	t.Parallel()
	invalid := errors.New("listen is required")
	f := file{invalid: invalid}
	if err := Load("", nil, &f); !errors.Is(err, invalid) {
		t.Error(err)
	}
	f = file{invalid: invalid}
	if err := Load("", []string{"CYBERBADGE_DEBUG=x"}, &f); errors.Is(err, invalid) || err == nil {
		t.Errorf("validated although a value is missing: %v", err)
	}
}

func TestDefaultsStay(t *testing.T) {
	t.Parallel()
	f := file{Issuer: section{Listen: "default", Limit: 7}}
	if err := Load("", []string{"CYBERBADGE_ISSUER_LIMIT=8"}, &f); err != nil {
		t.Fatal(err)
	}
	if f.Issuer.Listen != "default" || f.Issuer.Limit != 8 {
		t.Errorf("%+v", f.Issuer)
	}
}

func TestFileSizeAtItsBound(t *testing.T) {
	t.Parallel()
	text := func(size int) string { return "debug: true #" + strings.Repeat("x", size-len("debug: true #")) }
	if _, got := load(t, text(MaxFileSize)); got != nil {
		t.Errorf("at the bound: %v", got)
	}
	_, got := load(t, text(MaxFileSize+1))
	if want := []string{fmt.Sprintf("config: c.yaml is larger than %d bytes", MaxFileSize)}; !reflect.DeepEqual(got, want) {
		t.Errorf("one over: %q, want %q", got, want)
	}
}

func TestFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none"): "config: stat " + dir + "/none: no such file or directory",
		dir:                        "config: " + dir + " is not a regular file",
		pipe:                       "config: " + pipe + " is not a regular file",
	} {
		if err := Load(path, nil, &file{}); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestTargetsThatAreMistakes(t *testing.T) {
	t.Parallel()
	type twice struct {
		A struct {
			BC string `yaml:"b_c"`
		} `yaml:"a"`
		AB struct {
			C string `yaml:"c"`
		} `yaml:"a_b"`
	}
	type secretTwice struct {
		Token Secret `yaml:"token"`
		File  string `yaml:"token_file"`
	}
	for want, target := range map[string]any{
		"config: the target is a config.file, not a pointer to a struct":                                  file{},
		"config: the target is a *config.file, not a pointer to a struct":                                 (*file)(nil),
		"config: the target is a *string, not a pointer to a struct":                                      new(string),
		"config: two keys of config.twice are both called CYBERBADGE_A_B_C in the environment":            &twice{},
		"config: two keys of config.secretTwice are both called CYBERBADGE_TOKEN_FILE in the environment": &secretTwice{},
	} {
		if err := Load("", nil, target); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
