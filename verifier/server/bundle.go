package server

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/cyberbadge/cyberbadge/verifier"
)

// bundleMetrics tell which bundles the verifier runs from, so that somebody is woken
// before one ends. They are asked for when they are read: a bundle is taken without
// the service's doing. The issuers are those whose root keys the operator pinned.
type bundleMetrics struct {
	verifier               *verifier.Verifier
	number, issued, expiry *prometheus.Desc
}

func newBundleMetrics(v *verifier.Verifier) *bundleMetrics {
	describe := func(name, help string) *prometheus.Desc {
		return prometheus.NewDesc("cyberbadge_verifier_bundle_"+name, help, []string{"issuer"}, nil)
	}
	return &bundleMetrics{
		verifier: v,
		number:   describe("number", "Number of the bundle that decisions rest on."),
		issued:   describe("issued_timestamp_seconds", "When that bundle was issued, in seconds since 1970."),
		expiry:   describe("expiry_timestamp_seconds", "When that bundle ends and every decision denies, in seconds since 1970."),
	}
}

// Describe implements prometheus.Collector.
func (m *bundleMetrics) Describe(to chan<- *prometheus.Desc) {
	to <- m.number
	to <- m.issued
	to <- m.expiry
}

// Collect implements prometheus.Collector.
func (m *bundleMetrics) Collect(to chan<- prometheus.Metric) {
	for _, held := range m.verifier.Bundles() {
		for desc, value := range map[*prometheus.Desc]float64{
			m.number: float64(held.Number), m.issued: float64(held.IssuedAt.Unix()), m.expiry: float64(held.Expires.Unix()),
		} {
			to <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, held.Issuer)
		}
	}
}
