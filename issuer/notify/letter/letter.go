package letter

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	html "html/template"
	"net/url"
	"strings"
	text "text/template"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/notify"
)

// Bounds of a letter. What is longer is cut, what is more is counted.
const (
	MaxSubject = 200 // characters
	MaxShown   = 12  // reasons that are written out
)

// Languages returns the languages that there are words in. The first is taken for
// every other language.
func Languages() []string { return []string{"en", "de", "es", "fr"} }

//go:embed templates
var files embed.FS

// Config says what is the same in every letter.
type Config struct {
	Program string // the program's name, as people know it
	Badge   string // URL of the page at which a person's phone keeps the badge
	Console string // URL of the office's page
	Help    string // whom to ask: a line with a name, a number or an address; may be empty
	// Location is the time zone of dates; nil means UTC.
	Location *time.Location
}

// Writer writes letters. It is safe for concurrent use.
type Writer struct {
	cfg    Config
	words  map[string]*text.Template // by language and kind, "en/lapse"
	layout *html.Template
}

// New checks cfg and reports all that is wrong with it.
func New(cfg Config) (*Writer, error) {
	var problems []error
	if strings.TrimSpace(cfg.Program) == "" {
		problems = append(problems, errors.New("letter: Program is empty"))
	}
	if strings.ContainsAny(cfg.Program+cfg.Help, "\r\n") {
		problems = append(problems, errors.New("letter: Program and Help must each be one line"))
	}
	for name, link := range map[string]string{"Badge": cfg.Badge, "Console": cfg.Console} {
		u, err := url.Parse(link)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			problems = append(problems, fmt.Errorf("letter: %s must be an http or https URL", name))
		}
	}
	if cfg.Location == nil {
		cfg.Location = time.UTC
	}
	w := &Writer{cfg: cfg, words: make(map[string]*text.Template)}
	if err := errors.Join(append(problems, w.parse())...); err != nil {
		return nil, err
	}
	return w, nil
}

// parse reads every template, so that one that is missing stops the start and not
// the first letter.
func (w *Writer) parse() error {
	for _, language := range Languages() {
		for _, kind := range notify.Notices() {
			name := language + "/" + string(kind)
			t, err := text.New(name).Option("missingkey=error").ParseFS(files, "templates/"+language+"/words.txt", "templates/"+name+".txt")
			if err != nil {
				return fmt.Errorf("letter: %s: %w", name, err)
			}
			w.words[name] = t
		}
	}
	layout, err := html.ParseFS(files, "templates/layout.html")
	w.layout = layout
	return err
}

// Letter is a message in words. Nothing in it is markup but HTML.
type Letter struct {
	Language string
	Subject  string   // one line
	Greeting string   // empty when nobody is named
	What     string   // one paragraph, as Next is
	Reasons  []string // one line each; may be empty
	Next     string
	Instead  string // why this went to the fallback address; else empty
	Link     string // where to go on; may be empty
	LinkText string
	Footer   []string
}

// Write puts a delivery into words. language is BCP 47.
func (w *Writer) Write(d notify.Delivery, language string) (Letter, error) {
	language = choose(language)
	template, ok := w.words[language+"/"+string(d.Message.Kind)]
	if !ok {
		return Letter{}, fmt.Errorf("letter: there are no words for a message of the kind %q", d.Message.Kind)
	}
	about := w.about(d, language)
	var problems []error
	block := func(name string) string {
		var b bytes.Buffer
		if err := template.ExecuteTemplate(&b, name, about); err != nil {
			problems = append(problems, fmt.Errorf("letter: %s: %w", language, err))
		}
		return strings.Join(strings.Fields(b.String()), " ")
	}
	l := Letter{
		Language: language,
		Subject:  shorten(block("subject"), MaxSubject),
		Greeting: block("greeting"),
		What:     block("what"),
		Next:     block("next"),
		Instead:  block("instead"),
		Link:     about.Link,
		LinkText: block("link"),
		Footer:   []string{block("footer")},
	}
	for i := range about.Reasons {
		about.Reason = about.Reasons[i]
		l.Reasons = append(l.Reasons, block("reason"))
	}
	if about.More > 0 {
		l.Reasons = append(l.Reasons, block("more"))
	}
	if w.cfg.Help != "" {
		l.Footer = append(l.Footer, w.cfg.Help)
	}
	return l, errors.Join(problems...)
}

// Text returns the letter as plain text.
func (l Letter) Text() string {
	var parts []string
	add := func(part string) {
		if part != "" {
			parts = append(parts, part)
		}
	}
	add(l.Greeting)
	add(l.What)
	if len(l.Reasons) > 0 {
		add("- " + strings.Join(l.Reasons, "\n- "))
	}
	add(l.Next)
	if l.Link != "" {
		add(l.LinkText + ": " + l.Link)
	}
	add(l.Instead)
	return strings.Join(parts, "\n\n") + "\n\n-- \n" + strings.Join(l.Footer, "\n") + "\n"
}

// HTML returns the letter as a page of its own.
func (w *Writer) HTML(l Letter) (string, error) {
	var b bytes.Buffer
	if err := w.layout.ExecuteTemplate(&b, "layout.html", l); err != nil {
		return "", fmt.Errorf("letter: %w", err)
	}
	return b.String(), nil
}

// choose returns the language of ours that is nearest to a BCP 47 tag.
func choose(tag string) string {
	primary, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(tag, "_", "-")), "-")
	for _, language := range Languages() {
		if language == primary {
			return language
		}
	}
	return Languages()[0]
}

func shorten(s string, size int) string {
	runes := []rune(s)
	if len(runes) <= size {
		return s
	}
	return string(runes[:size-1]) + "…"
}
