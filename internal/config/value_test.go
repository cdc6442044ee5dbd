package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"pgregory.net/rapid"
)

func TestParseDuration(t *testing.T) {
	t.Parallel()
	longest := time.Duration(math.MaxInt64)
	cases := []struct {
		text string
		want time.Duration
		ok   bool
	}{
		{"0", 0, true}, {"0s", 0, true}, {"90s", 90 * time.Second, true}, {"15m", 15 * time.Minute, true}, {"24h", day, true},
		{"7d", 7 * day, true}, {"0d", 0, true}, {"1d12h", 36 * time.Hour, true}, {"1d0.5h", day + 30*time.Minute, true}, {"200ms", 200 * time.Millisecond, true},
		{"106751d", 106751 * day, true}, {"106752d", 0, false}, {"106751d23h47m16.854775807s", longest, true}, {"106751d23h47m16.854775808s", 0, false},
		{"99999999999999999999d", 0, false},
		{"", 0, false}, {"d", 0, false}, {"7", 0, false}, {"-7d", 0, false}, {"-1h", 0, false}, {"+1h", 0, false}, {"1d-1h", 0, false}, {"1.5d", 0, false},
		{"1d1d", 0, false}, {"1h1d", 0, false}, {" 1h", 0, false}, {"1d ", 0, false}, {"7D", 0, false}, {"one day", 0, false},
	}
	for _, c := range cases {
		got, err := ParseDuration(c.text)
		if got != c.want || (err == nil) != c.ok {
			t.Errorf("ParseDuration(%q) = %v, %v", c.text, got, err)
		}
		if want := fmt.Sprintf("%.40q is not a duration; write 90s, 15m, 24h, 7d or 1d12h", c.text); err != nil && err.Error() != want {
			t.Errorf("error %q, want %q", err, want)
		}
	}
}

func TestParseDurationReadsWhatDurationsPrint(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := time.Duration(rapid.Int64Min(0).Draw(t, "duration"))
		got, err := ParseDuration(fmt.Sprintf("%dd%s", want/day, want%day))
		if err != nil || got != want {
			t.Fatalf("%v: %v, %v", want, got, err)
		}
	})
}

func TestSecretIsNeverPrinted(t *testing.T) {
	t.Parallel()
	secret := NewSecret("hunter2")
	holder := struct {
		Token   Secret  `json:"token" yaml:"token"`
		Pointer *Secret `json:"pointer" yaml:"pointer"`
		private Secret
	}{secret, &secret, secret}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T", "%p"} {
		fmt.Fprintf(&out, verb+" "+verb+" "+verb+"\n", secret, &secret, holder)
	}
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&out, nil)), slog.New(slog.NewJSONHandler(&out, nil))} {
		logger.Info("x", "secret", secret, "pointer", &secret, "holder", holder)
	}
	asJSON, err := json.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	asYAML, err := yaml.Marshal(holder)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(asJSON)
	out.Write(asYAML)
	for _, shape := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2")} {
		if strings.Contains(out.String(), shape) {
			t.Errorf("%q is in:\n%s", shape, out.String())
		}
	}
	if holder.private.Reveal() != "hunter2" {
		t.Error("the secret is lost")
	}
}

func TestSecretFileAtItsBounds(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, text string
		mode       os.FileMode
		value      string
		want       string // of the error, with the path as PATH
	}{
		{"longest", strings.Repeat("x", MaxSecretSize), 0o600, strings.Repeat("x", MaxSecretSize), ""},
		{"one too long", strings.Repeat("x", MaxSecretSize+1), 0o600, "", "PATH is larger than 16384 bytes"},
		{"one line end goes", "a\n\n", 0o600, "a\n", ""},
		{"spaces stay", " a ", 0o600, " a ", ""},
		{"empty", "", 0o600, "", "PATH is empty, but a secret was expected"},
		{"only a line end", "\n", 0o600, "", "PATH is empty, but a secret was expected"},
		{"read-only", "a", 0o400, "a", ""},
		{"group reads", "a", 0o640, "", "PATH holds a secret and others can read it (mode 0640); run: chmod 600 PATH"},
		{"world reads", "a", 0o604, "", "PATH holds a secret and others can read it (mode 0604); run: chmod 600 PATH"},
		{"group writes", "a", 0o620, "", "PATH holds a secret and others can read it (mode 0620); run: chmod 600 PATH"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, "secret", c.text, c.mode)
			got, err := readSecret(path)
			text := ""
			if err != nil {
				text = strings.ReplaceAll(err.Error(), path, "PATH")
			}
			if got.Reveal() != c.value || text != c.want {
				t.Errorf("%.40q %q", got.Reveal(), text)
			}
			if got.IsSet() != (c.value != "") {
				t.Error("IsSet")
			}
		})
	}
}

func TestClosestTo(t *testing.T) {
	t.Parallel()
	names := []string{"listen", "database", "listens"}
	for name, want := range map[string]string{
		"listen": "listen", "lsten": "listen", "lisstenn": "listen", "listenss": "listens", "databse": "database", "lisxxx": "", "": "", "Listen": "listen",
	} {
		if got := closestTo(name, names); got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}
