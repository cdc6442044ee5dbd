package letter

import (
	"fmt"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"text/template"
	"text/template/parse"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

func config() Config {
	return Config{
		Program: "Vendor Services badge program", Badge: "https://badges.vendor.example/badge/",
		Console: "https://badges.vendor.example/console/", Help: "Program office, +49 30 000000",
	}
}

func writer(t *testing.T) *Writer {
	t.Helper()
	w, err := New(config())
	if err != nil {
		t.Fatal(err)
	}
	return w
}

var at = time.Date(2026, 12, 1, 8, 5, 0, 0, time.UTC)

func delivery(kind notify.Kind, role notify.Role) notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{Kind: kind},
		Body: notify.Body{
			At: at, LockAt: at.AddDate(0, 0, 7), Case: "case-1",
			Reasons: []notify.Reason{{Kind: "training-expired", Subject: "CB-101", At: at}, {Kind: "device-stale", Subject: "d-1", At: at}},
		},
		To:    notify.Party{Role: role, Name: "Ursula Eriksen"},
		About: notify.Person{ID: "p-1", Name: "Jörg Müller"},
		Names: []string{"Secure operation", "WIN-7"}, Device: "WIN-7",
	}
}

func roles() []notify.Role {
	return []notify.Role{notify.ToPerson, notify.ToManager, notify.ToFallback, notify.ToOffice}
}

// reasons are the kinds of policy.Kind, and one that is not there yet.
func reasons() []string {
	return []string{
		"not-employed", "training-missing", "training-expired", "device-missing", "device-noncompliant", "device-unencrypted",
		"device-os-outdated", "device-stale", "role-excluded", "rule-unmet", "rule-failed", "something-new",
	}
}

func TestALetterAsText(t *testing.T) {
	t.Parallel()
	w := writer(t)
	l, err := w.Write(delivery(notify.Reminder, notify.ToPerson), "en-US")
	if err != nil {
		t.Fatal(err)
	}
	const subject = "By 1 December 2026: renew CB-101 (Secure operation) (+1)"
	const want = `Hello Ursula Eriksen,

Your Cyber Badge is good until 1 December 2026, 08:05 UTC. From then on this stands in its way:

- The training CB-101 (Secure operation) expires on 1 December 2026.
- The device WIN-7 will have been silent for too long from 1 December 2026.

Once this is done before then, your badge stays good and nothing more is asked of you. Otherwise it is suspended at that moment.

Open my badge: https://badges.vendor.example/badge/

-- 
Sent by Vendor Services badge program. Nobody reads answers to this address.
Program office, +49 30 000000
`
	if l.Subject != subject || l.Text() != want {
		t.Errorf("%s\n%s", l.Subject, l.Text())
	}
}

func TestSubjectsSayWhatToDoAndWhen(t *testing.T) {
	t.Parallel()
	w := writer(t)
	cases := []struct {
		kind     notify.Kind
		role     notify.Role
		language string
		want     string
	}{
		{notify.Reminder, notify.ToManager, "en", "Jörg Müller, by 1 December 2026: renew CB-101 (Secure operation) (+1)"},
		{notify.Lapse, notify.ToPerson, "de", "Bis 8. Dezember 2026: CB-101 (Secure operation) erneuern (+1) (Ausweis ruht)"},
		{notify.Lapse, notify.ToManager, "es", "Jörg Müller, antes del 8 de diciembre de 2026: renovar CB-101 (Secure operation) (+1) (credencial suspendida)"},
		{notify.Reminder, notify.ToPerson, "fr", "Avant le 1er décembre 2026 : renouveler CB-101 (Secure operation) (+1)"},
		{notify.Restored, notify.ToPerson, "en", "Badge good again since 1 December 2026, nothing to do"},
		{notify.Locked, notify.ToPerson, "de", "WIN-7 gesperrt am 1. Dezember 2026, CB-101 (Secure operation) erneuern (+1)"},
		{notify.Concern, notify.ToOffice, "fr", "Décider du signalement du 1er décembre 2026 sur Jörg Müller"},
	}
	for _, c := range cases {
		l, err := w.Write(delivery(c.kind, c.role), c.language)
		if err != nil || l.Subject != c.want {
			t.Errorf("%s %s %s: %q, want %q (%v)", c.kind, c.role, c.language, l.Subject, c.want, err)
		}
	}
}

func TestEveryKindHasWordsForEverybodyInEveryLanguage(t *testing.T) {
	t.Parallel()
	w := writer(t)
	for _, language := range Languages() {
		for _, kind := range notify.Notices() {
			for _, role := range roles() {
				for _, full := range []bool{true, false} {
					d := delivery(kind, role)
					if !full {
						d.Body = notify.Body{At: at}
					}
					l, err := w.Write(d, language)
					if err != nil || l.Language != language || l.Subject == "" || l.What == "" || l.Next == "" || len(l.Footer) != 2 {
						t.Errorf("%s %s %s: %+v %v", language, kind, role, l, err)
					}
					whole := l.Subject + "\n" + l.Text()
					if strings.Contains(whole, "<no value>") || strings.Contains(whole, "  ") || strings.Contains(whole, "()") || strings.Contains(whole, "\n\n\n") {
						t.Errorf("%s %s %s:\n%s", language, kind, role, whole)
					}
				}
			}
		}
	}
}

func TestEveryReasonAndEveryDetourHasASentenceInEveryLanguage(t *testing.T) {
	t.Parallel()
	w := writer(t)
	for _, language := range Languages() {
		seen := make(map[string]string)
		for _, kind := range []notify.Kind{notify.Reminder, notify.Lapse} {
			for _, reason := range reasons() {
				d := delivery(kind, notify.ToPerson)
				d.Body.Reasons, d.Names = []notify.Reason{{Kind: reason, Subject: "S-1"}}, nil
				l, err := w.Write(d, language)
				if err != nil || len(l.Reasons) != 1 || len(l.Reasons[0]) < 10 {
					t.Errorf("%s %s: %q %v", language, reason, l.Reasons, err)
					continue
				}
				if before, ok := seen[l.Reasons[0]]; ok && before != reason {
					t.Errorf("%s: %s reads as %s", language, reason, before)
				}
				seen[l.Reasons[0]] = reason
			}
		}
		for _, instead := range append(notify.Insteads(), "") {
			d := delivery(notify.Lapse, notify.ToFallback)
			d.Instead = instead
			l, err := w.Write(d, language)
			if err != nil || (l.Instead == "") != (instead == "") || instead != "" && (!strings.Contains(l.Instead, "Jörg Müller") || !strings.Contains(l.Text(), l.Instead)) {
				t.Errorf("%s %s: %q %v", language, instead, l.Instead, err)
			}
		}
	}
}

// fields returns the fields that a template and all it includes use.
func fields(t *testing.T, name string, names ...string) []string {
	t.Helper()
	set, err := template.ParseFS(files, names...)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	found := make(map[string]bool)
	for _, one := range set.Templates() {
		if one.Tree != nil {
			collect(one.Root, one.Name(), found)
		}
	}
	return slices.Sorted(maps.Keys(found))
}

func collect(node parse.Node, block string, found map[string]bool) {
	for _, match := range regexp.MustCompile(`\.[A-Z][A-Za-z]*|"[a-z-]+"`).FindAllString(node.String(), -1) {
		found[block+match] = true
	}
}

func TestEachLanguageUsesTheSameFields(t *testing.T) {
	t.Parallel()
	kinds := []string{"words"}
	for _, kind := range notify.Notices() {
		kinds = append(kinds, string(kind))
	}
	for _, kind := range kinds {
		want := fields(t, kind, "templates/en/"+kind+".txt")
		for _, language := range Languages() {
			if got := fields(t, kind, "templates/"+language+"/"+kind+".txt"); !slices.Equal(got, want) {
				t.Errorf("%s/%s uses\n%q, English\n%q", language, kind, got, want)
			}
		}
	}
	_ = fs.WalkDir(files, "templates", func(path string, entry fs.DirEntry, _ error) error {
		parts := strings.Split(path, "/")
		if !entry.IsDir() && len(parts) == 3 && (!slices.Contains(Languages(), parts[1]) || !slices.Contains(kinds, strings.TrimSuffix(parts[2], ".txt"))) {
			t.Errorf("%s is never used", path)
		}
		return nil
	})
}

func TestLanguagesAreChosenByTheirFirstPart(t *testing.T) {
	t.Parallel()
	for tag, want := range map[string]string{
		"de": "de", "de-AT": "de", "DE_ch": "de", "fr-CA": "fr", "es-419": "es", "en-GB": "en", "": "en", "tr-TR": "en", "d": "en", "deu": "en",
	} {
		if got := choose(tag); got != want {
			t.Errorf("%q is %s, want %s", tag, got, want)
		}
	}
}

func TestNamesAreNotMarkup(t *testing.T) {
	t.Parallel()
	w := writer(t)
	d := delivery(notify.Lapse, notify.ToManager)
	const attack = `<script>alert(1)</script>{{.Program}}" onclick=x`
	d.About.Name, d.To.Name, d.Names[0], d.Device = attack, attack, attack, attack
	for _, language := range Languages() {
		for _, kind := range []notify.Kind{notify.Lapse, notify.Locked} {
			d.Message.Kind = kind
			l, err := w.Write(d, language)
			if err != nil {
				t.Fatal(err)
			}
			page, err := w.HTML(l)
			if err != nil || strings.Contains(page, "<script") || strings.Contains(page, `" onclick`) || !strings.Contains(page, "&lt;script&gt;alert(1)") {
				t.Errorf("%s: %v\n%s", language, err, page)
			}
			if !strings.Contains(l.Text(), attack) {
				t.Errorf("%s: the text does not have the name as it is", language)
			}
		}
	}
}

func TestHTMLLoadsNothing(t *testing.T) {
	t.Parallel()
	w := writer(t)
	for _, kind := range notify.Notices() {
		l, err := w.Write(delivery(kind, notify.ToPerson), "de")
		if err != nil {
			t.Fatal(err)
		}
		page, err := w.HTML(l)
		if err != nil {
			t.Fatal(err)
		}
		for _, forbidden := range []string{"src=", "url(", "@import", "<link", "<img", "<script", "<iframe", "<form"} {
			if strings.Contains(page, forbidden) {
				t.Errorf("%s has %s", kind, forbidden)
			}
		}
		for _, needed := range []string{`<html lang="de">`, "prefers-color-scheme: dark", "<h1>", `<a href="https://badges.vendor.example/badge/">`} {
			if kind != notify.Concern && !strings.Contains(page, needed) {
				t.Errorf("%s has no %s", kind, needed)
			}
		}
	}
}

func TestLinksLeadWhereTheReaderMayGo(t *testing.T) {
	t.Parallel()
	w := writer(t)
	d := delivery(notify.Concern, notify.ToOffice)
	d.Body.Case = "a b&c"
	for role, want := range map[notify.Role]string{
		notify.ToPerson: config().Badge, notify.ToManager: "", notify.ToOffice: config().Console + "#case=a+b%26c",
	} {
		d.To.Role = role
		l, err := w.Write(d, "en")
		if err != nil || l.Link != want || want == "" && strings.Contains(l.Text(), "https://") {
			t.Errorf("%s: %q %v", role, l.Link, err)
		}
	}
}

func TestReasonsBeyondTheBoundAreCounted(t *testing.T) {
	t.Parallel()
	w := writer(t)
	for count, want := range map[int]int{MaxShown: MaxShown, MaxShown + 1: MaxShown + 1} {
		d := delivery(notify.Lapse, notify.ToPerson)
		d.Body.Reasons, d.Names = nil, nil
		for i := range count {
			d.Body.Reasons = append(d.Body.Reasons, notify.Reason{Kind: "device-stale", Subject: fmt.Sprint("d-", i)})
		}
		l, err := w.Write(d, "en")
		if err != nil || len(l.Reasons) != want || (l.Reasons[want-1] == "And 1 more.") != (count > MaxShown) {
			t.Errorf("%d: %q %v", count, l.Reasons, err)
		}
	}
}

func TestSubjectsAreCutAtTheirBound(t *testing.T) {
	t.Parallel()
	w := writer(t)
	for extra, cut := range map[int]bool{0: false, 1: true} {
		d := delivery(notify.Restored, notify.ToManager)
		d.About.Name = strings.Repeat("é", MaxSubject-len(": badge good again since 1 December 2026, nothing to do")+extra)
		l, err := w.Write(d, "en")
		if err != nil || len([]rune(l.Subject)) != MaxSubject || strings.HasSuffix(l.Subject, "…") != cut {
			t.Errorf("%d: %d %v", extra, len([]rune(l.Subject)), err)
		}
	}
}

func TestDatesAreInTheProgramsTimeZone(t *testing.T) {
	t.Parallel()
	cfg := config()
	cfg.Location = time.FixedZone("CET", 3600)
	w, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d := delivery(notify.Lapse, notify.ToPerson)
	d.Body = notify.Body{At: time.Date(2026, 12, 31, 23, 30, 0, 0, time.UTC)}
	l, err := w.Write(d, "de")
	if err != nil || !strings.Contains(l.What, "1. Januar 2027, 00:30 CET") {
		t.Errorf("%q %v", l.What, err)
	}
}

func TestActionsHaveNoWords(t *testing.T) {
	t.Parallel()
	if _, err := writer(t).Write(delivery(notify.Lock, notify.ToPerson), "en"); err == nil || err.Error() != `letter: there are no words for a message of the kind "lock"` {
		t.Errorf("%v", err)
	}
}

func TestNewReportsEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	_, err := New(Config{Badge: "javascript:alert(1)", Console: "/console", Help: "a\nb"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Program is empty", "must each be one line", "Badge must be", "Console must be"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
}
