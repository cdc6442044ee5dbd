package letter

import (
	"net/url"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Words are the fields that a template may use. All of them are finished texts in
// the letter's language.
type Words struct {
	Program string
	Name    string // the reader's; empty when unknown
	Self    bool   // the reader is the person it is about
	Person  string // whom it is about: the name, else the id
	At      string // a date; see the kinds
	AtTime  string // the same with the time of day
	LockAt  string // empty when nothing will be locked
	First   Reason // the first reason; its Kind is empty when there is none
	Reasons []Reason
	Reason  Reason // in the block "reason": the one
	More    int    // reasons that are not shown
	Others  int    // reasons beside the first
	Device  string
	Case    string
	Instead string // see notify.Instead
	Ahead   bool   // the reasons are still to come
	Link    string // empty for a manager, who has no page here
}

// Reason is a reason whose subject has a name.
type Reason struct {
	Kind string // see policy.Kind
	Name string // the subject as people call it, with its id; may be empty
	At   string // a date; empty when unknown
}

func (w *Writer) about(d notify.Delivery, language string) Words {
	shown := d.Body.Reasons[:min(len(d.Body.Reasons), MaxShown)]
	words := Words{
		Program: w.cfg.Program,
		Name:    d.To.Name,
		Self:    d.To.Role == notify.ToPerson,
		Person:  d.About.Name,
		At:      w.day(d.Body.At, language),
		AtTime:  w.moment(d.Body.At, language),
		LockAt:  w.day(d.Body.LockAt, language),
		More:    len(d.Body.Reasons) - len(shown),
		Others:  max(len(d.Body.Reasons)-1, 0),
		Device:  d.Device,
		Case:    d.Body.Case,
		Instead: string(d.Instead),
		Ahead:   d.Message.Kind == notify.Reminder,
		Link:    w.link(d),
	}
	if words.Person == "" {
		words.Person = d.About.ID
	}
	for i, r := range shown {
		words.Reasons = append(words.Reasons, Reason{Kind: r.Kind, Name: named(r, d.Names, i), At: w.day(r.At, language)})
	}
	if len(words.Reasons) > 0 {
		words.First = words.Reasons[0]
	}
	return words
}

func (w *Writer) link(d notify.Delivery) string {
	switch {
	case d.To.Role == notify.ToPerson:
		return w.cfg.Badge
	case d.To.Role == notify.ToManager:
		return ""
	case d.Body.Case != "":
		return strings.TrimSuffix(w.cfg.Console, "/") + "/#case=" + url.QueryEscape(d.Body.Case)
	}
	return w.cfg.Console
}

// named returns a subject's name, with the id of what is known by both.
func named(r notify.Reason, names []string, i int) string {
	name := ""
	if i < len(names) {
		name = names[i]
	}
	switch {
	case name == "" || name == r.Subject:
		return r.Subject
	case strings.HasPrefix(r.Kind, "training-"):
		return r.Subject + " (" + name + ")"
	}
	return name
}

// months are the months' names in one of the languages.
func months(language string) [12]string {
	switch language {
	case "de":
		return [12]string{"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"}
	case "es":
		return [12]string{"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"}
	case "fr":
		return [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}
	}
	return [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
}

// day writes a date as the language does; the zero time is empty.
func (w *Writer) day(at time.Time, language string) string {
	if at.IsZero() {
		return ""
	}
	at = at.In(w.cfg.Location)
	month := months(language)[at.Month()-1]
	switch language {
	case "de":
		return at.Format("2. ") + month + at.Format(" 2006")
	case "es":
		return at.Format("2") + " de " + month + " de " + at.Format("2006")
	case "fr":
		day := at.Format("2")
		if day == "1" {
			day = "1er"
		}
		return day + " " + month + at.Format(" 2006")
	}
	return at.Format("2 ") + month + at.Format(" 2006")
}

// moment writes a date with its time of day and zone.
func (w *Writer) moment(at time.Time, language string) string {
	if at.IsZero() {
		return ""
	}
	return w.day(at, language) + ", " + at.In(w.cfg.Location).Format("15:04 MST")
}
