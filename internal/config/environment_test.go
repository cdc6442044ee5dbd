package config

import (
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestEnvironmentOverridesTheFile(t *testing.T) {
	t.Parallel()
	secret := write(t, "secret", "fromfile\n", 0o400)
	f, problems := load(t, "issuer: {listen: a, name: b, limit: 1}\n",
		"CYBERBADGE_ISSUER_LISTEN=first", "CYBERBADGE_ISSUER_LISTEN=x=y",
		"CYBERBADGE_ISSUER_BADGE_LIFE=7d",
		"CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE="+secret,
		"CYBERBADGE_ISSUER_WORKERS=127", "CYBERBADGE_ISSUER_SHARE=0.25", "CYBERBADGE_ISSUER_LOCK_OUT=true",
		"CYBERBADGE_ISSUER_OPTIONAL=true", "CYBERBADGE_ISSUER_NETWORKS=10.0.0.0/8, ::1/128",
		"CYBERBADGE_ISSUER_BEFORE=30d,1d", "CYBERBADGE_ISSUER_ADDRESS=::1", "CYBERBADGE_ISSUER_UNTAGGED=u",
		"CYBERBADGE_VERIFIER_LISTEN=v", "CYBERBADGE_SITES=a", "CYBERBADGE_DEBUG=1",
		"CYBERBADGE_PROFILE=another component's", "PATH=/bin", "CYBERBADGE", "=x")
	if problems != nil {
		t.Fatal(problems)
	}
	yes := true
	want := file{
		Issuer: section{
			common: common{"b"}, Listen: "x=y", Life: 7 * day, Token: NewSecret("fromfile"), Workers: 127, Limit: 1, Share: 0.25,
			LockOut: true, Optional: &yes,
			Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")},
			Before:   []time.Duration{30 * day, day}, Address: netip.MustParseAddr("::1"), Untagged: "u",
		},
		Verifier: &server{Listen: "v"}, Debug: true, Sites: []string{"a"},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got  %#v\nwant %#v", f, want)
	}
}

func TestSecretAsAVariable(t *testing.T) {
	t.Parallel()
	f, problems := load(t, "", "CYBERBADGE_ISSUER_ADMIN_TOKEN=plain")
	if problems != nil || f.Issuer.Token.Reveal() != "plain" {
		t.Errorf("%v %q", problems, f.Issuer.Token.Reveal())
	}
}

func TestEnvironmentErrors(t *testing.T) {
	t.Parallel()
	open := write(t, "open", "x", 0o640)
	cases := []struct {
		name    string
		environ []string
		want    []string
	}{
		{"misspelled", []string{"CYBERBADGE_ISSUER_LISTN=x", "CYBERBADGE_ISSUER_WHATEVER=x", "CYBERBADGE_VERIFIER=x", "CYBERBADGE_DEBUG_=1"}, []string{
			"config: the variable CYBERBADGE_DEBUG_ names nothing; did you mean CYBERBADGE_DEBUG?",
			"config: the variable CYBERBADGE_ISSUER_LISTN names nothing; did you mean CYBERBADGE_ISSUER_LISTEN?",
			"config: the variable CYBERBADGE_ISSUER_WHATEVER names nothing",
			"config: the variable CYBERBADGE_VERIFIER names nothing",
		}},
		{"a _FILE for what is no secret", []string{"CYBERBADGE_ISSUER_LISTEN_FILE=x"}, []string{
			"config: the variable CYBERBADGE_ISSUER_LISTEN_FILE names nothing"}},
		{"hidden", []string{"CYBERBADGE_ISSUER_HIDDEN=x"}, []string{"config: the variable CYBERBADGE_ISSUER_HIDDEN names nothing"}},
		{"empty", []string{"CYBERBADGE_ISSUER_LISTEN=", "CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE="}, []string{
			"config: CYBERBADGE_ISSUER_LISTEN is set but empty; give it a value or unset it",
			"config: CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE is set but empty; give it a value or unset it"}},
		{"values", []string{
			"CYBERBADGE_ISSUER_BADGE_LIFE=90", "CYBERBADGE_ISSUER_WORKERS=128", "CYBERBADGE_ISSUER_LIMIT=-1",
			"CYBERBADGE_ISSUER_SHARE=half", "CYBERBADGE_ISSUER_LOCK_OUT=yes", "CYBERBADGE_ISSUER_BEFORE=1d,x",
			"CYBERBADGE_ISSUER_NETWORKS=::1/128,10.0.0.1", "CYBERBADGE_ISSUER_ADDRESS=x", "CYBERBADGE_ISSUER_COURSES=x", "CYBERBADGE_ISSUER_SITES=x", "CYBERBADGE_ISSUER_LABELS=x"}, []string{
			`config: CYBERBADGE_ISSUER_BADGE_LIFE: "90" is not a duration; write 90s, 15m, 24h, 7d or 1d12h`,
			`config: CYBERBADGE_ISSUER_WORKERS: expected a whole number from -128 to 127`,
			`config: CYBERBADGE_ISSUER_LIMIT: expected a whole number from 0 to 65535`,
			`config: CYBERBADGE_ISSUER_SHARE: expected a number`,
			`config: CYBERBADGE_ISSUER_LOCK_OUT: expected true or false`,
			`config: CYBERBADGE_ISSUER_NETWORKS: "10.0.0.1" is not a network; write one such as 10.20.0.0/16`,
			`config: CYBERBADGE_ISSUER_BEFORE: "x" is not a duration; write 90s, 15m, 24h, 7d or 1d12h`,
			`config: CYBERBADGE_ISSUER_ADDRESS: ParseAddr("x"): unable to parse IP`,
			`config: CYBERBADGE_ISSUER_COURSES: this cannot be set from the environment; set it in the file`,
			`config: CYBERBADGE_ISSUER_SITES: this cannot be set from the environment; set it in the file`,
			`config: CYBERBADGE_ISSUER_LABELS: this cannot be set from the environment; set it in the file`}},
		{"secret twice", []string{"CYBERBADGE_ISSUER_ADMIN_TOKEN=x", "CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE=y"}, []string{
			"config: CYBERBADGE_ISSUER_ADMIN_TOKEN and CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE are both set; unset one"}},
		{"secret that others can read", []string{"CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE=" + open}, []string{
			"config: CYBERBADGE_ISSUER_ADMIN_TOKEN_FILE: " + open + " holds a secret and others can read it (mode 0640); run: chmod 600 " + open}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, got := load(t, "", c.environ...)
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %s\nwant %s", strings.Join(got, "\n     "), strings.Join(c.want, "\n     "))
			}
		})
	}
}
