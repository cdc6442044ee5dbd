package qr_test

import (
	"testing"

	"github.com/cyberbadge/cyberbadge/credential/qr"
	"github.com/cyberbadge/cyberbadge/credential/qr/draw"
)

func BenchmarkPack(b *testing.B) {
	text := fullBadge().text(1)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := qr.Pack(vendor, text); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnpack(b *testing.B) {
	code, err := qr.Pack(vendor, fullBadge().text(1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := qr.Unpack(code); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkIsCode(b *testing.B) {
	code, err := qr.Pack(vendor, fullBadge().text(1))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !qr.IsCode(code) {
			b.Fatal("not a code")
		}
	}
}

// BenchmarkSize reports sizes, not times: the frame in bytes, the code's digits,
// and the QR code's version and modules at level L beside those of the plain
// presentation.
func BenchmarkSize(b *testing.B) {
	thumbprint := hashOf("key")
	full, some, minimal := fullBadge(), fullBadge(), minimalBadge()
	some.Shown = []string{"given_name", "family_name", "picture", "picture#integrity"}
	for _, c := range []struct {
		name  string
		badge badge
		kid   string
	}{
		{"full", full, thumbprint}, {"full/short-kid", full, "2026-11-a"},
		{"some", some, thumbprint}, {"some/short-kid", some, "2026-11-a"},
		{"minimal", minimal, thumbprint}, {"minimal/short-kid", minimal, "2026-11-a"},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.badge.Kid = c.kid
			text := c.badge.text(1)
			for b.Loop() {
				code, err := qr.Pack(vendor, text)
				if err != nil {
					b.Fatal(err)
				}
				version, modules, err := draw.Version(code, draw.Low)
				if err != nil {
					b.Fatal(err)
				}
				plainVersion, plainModules, err := draw.Version(text, draw.Low)
				if err != nil {
					b.Fatal(err)
				}
				digits := len(code) - len("HTTPS://BADGE.VENDOR.EXAMPLE/C#")
				b.ReportMetric(float64(digits)/2.40824, "frame-bytes")
				b.ReportMetric(float64(digits), "digits")
				b.ReportMetric(float64(version), "version")
				b.ReportMetric(float64(modules), "modules")
				b.ReportMetric(float64(len(text)), "plain-bytes")
				b.ReportMetric(float64(plainVersion), "plain-version")
				b.ReportMetric(float64(plainModules), "plain-modules")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}
