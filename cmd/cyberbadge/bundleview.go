package main

import (
	"fmt"
	"io"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/revocation/bundle"
)

// bundleView is a bundle as commands print it.
type bundleView struct {
	Issuer          string               `json:"issuer"`
	Customer        string               `json:"customer,omitempty"`
	Number          uint64               `json:"number"`
	IssuedAt        time.Time            `json:"issued_at"`
	AgeSeconds      int64                `json:"age_seconds"`
	Expires         time.Time            `json:"expires_at"`
	MaxStatusAge    int64                `json:"max_status_age_seconds,omitempty"`
	Size            int                  `json:"size"`
	Lists           []string             `json:"lists"`
	Portraits       int                  `json:"portraits"`
	Trust           issuer.TrustedIssuer `json:"trust"`
	Root            string               `json:"root"`
	Verified        bool                 `json:"verified"`
	File            string               `json:"file,omitempty"`
	Delta           string               `json:"delta,omitempty"`
	DeltaSize       int                  `json:"delta_size,omitempty"`
	Published       bool                 `json:"published,omitempty"`
	now             time.Time
	trustUnreadable error
}

func newBundleView(b *bundle.Bundle, size int, now time.Time) *bundleView {
	v := &bundleView{
		Issuer: b.Issuer, Customer: b.Customer, Number: b.Number, IssuedAt: b.IssuedAt, Expires: b.Expires,
		AgeSeconds: int64(now.Sub(b.IssuedAt) / time.Second), MaxStatusAge: int64(b.MaxStatusAge / time.Second),
		Size: size, Lists: []string{}, Portraits: len(b.Portraits), Root: b.Root.String(), now: now,
	}
	for _, list := range b.Lists {
		v.Lists = append(v.Lists, list.URI)
	}
	v.Trust, v.trustUnreadable = trustOf(b)
	return v
}

const bundleTime = "2006-01-02 15:04 MST"

func (v *bundleView) print(w io.Writer) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "  %-10s %s\n", name, plain(fmt.Sprintf(format, args...)))
	}
	whom := "anybody"
	if v.Customer != "" {
		whom = v.Customer
	}
	fmt.Fprintln(w, plain(fmt.Sprintf("bundle %d of %s, for %s, %d bytes", v.Number, v.Issuer, whom, v.Size)))
	line("issued", "%s, %s", v.IssuedAt.Format(bundleTime), ago(v.now.Sub(v.IssuedAt)))
	line("expires", "%s, %s", v.Expires.Format(bundleTime), ago(v.now.Sub(v.Expires)))
	switch {
	case len(v.Lists) == 0:
		line("lists", "none: for verifiers that fetch them")
	default:
		line("lists", "%d, each good until it is %s old", len(v.Lists), days(time.Duration(v.MaxStatusAge)*time.Second))
	}
	if v.Portraits > 0 {
		line("portraits", "%d", v.Portraits)
	}
	v.printTrust(line)
	line("root key", "%s", v.Root)
	if v.File != "" {
		line("written", "%s", v.File)
	}
	if v.Delta != "" {
		line("delta", "%s, %d bytes", v.Delta, v.DeltaSize)
	}
	if v.Published {
		line("published", "under %s%s", v.Issuer, issuer.TrustBundlePath)
	}
}

func (v *bundleView) printTrust(line func(name, format string, args ...any)) {
	if v.trustUnreadable != nil {
		line("trust", "not readable: %v", v.trustUnreadable)
		return
	}
	t := v.Trust
	line("keys", "%d for badges, %d for lists, %d retired, %d revoked", len(t.Keys), len(t.Lists.Keys), len(t.Retired), len(t.Revoked))
	if t.NotBefore != 0 {
		line("minimum", "badges issued at %s or later", time.Unix(t.NotBefore, 0).UTC().Format(bundleTime))
	}
	for _, stopped := range t.Stopped {
		line("stopped", "%s", stopped)
	}
}

// ago is how long something was ago, or is ahead.
func ago(d time.Duration) string {
	if d < 0 {
		return "in " + days(-d)
	}
	return days(d) + " ago"
}

// days rounds down to what people say.
func days(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= 2*day:
		return fmt.Sprintf("%d days", d/day)
	case d >= 2*time.Hour:
		return fmt.Sprintf("%d hours", d/time.Hour)
	case d >= 2*time.Minute:
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return fmt.Sprintf("%d seconds", d/time.Second)
}
