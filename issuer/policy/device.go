package policy

import (
	"slices"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// MaxClockSkew is how far ahead of the instant asked about a device's last
// report may be stamped: device managers have clocks of their own, and seconds
// of difference must not suspend anybody. A report from further ahead is not
// believed, or a single wrong date would keep a device fresh for years.
const MaxClockSkew = 5 * time.Minute

// judge appends what is wrong with one device.
func (r *DeviceRules) judge(reasons []Reason, device *evidence.Device, at time.Time) []Reason {
	id, seen := device.Origin.ID, device.LastSeen.UTC()
	if !slices.Contains(r.Compliance, string(device.Compliance)) {
		reasons = append(reasons, Reason{DeviceNoncompliant, id, seen})
	}
	if r.EncryptionRequired && !device.Encrypted {
		reasons = append(reasons, Reason{DeviceUnencrypted, id, seen})
	}
	if !r.recentOS(device) {
		reasons = append(reasons, Reason{DeviceOutdated, id, seen})
	}
	from, until := r.seenSpan(device)
	switch {
	case at.Before(from): // not believed, so nobody knows since when
		reasons = append(reasons, Reason{Kind: DeviceStale, Subject: id})
	case !at.Before(until):
		reasons = append(reasons, Reason{DeviceStale, id, until})
	}
	return reasons
}

// recentOS reports whether the device runs a named operating system in a good
// version. One that nobody has decided on, or a version that cannot be read, is
// not known to be safe.
func (r *DeviceRules) recentOS(device *evidence.Device) bool {
	i := slices.IndexFunc(r.MinimumOS, func(os MinimumOS) bool { return strings.EqualFold(os.Name, device.OS) })
	if i < 0 {
		return false
	}
	version, ok := parseVersion(device.OSVersion)
	return ok && version.Compare(r.MinimumOS[i].Version) >= 0
}

// seenSpan returns the half-open span in which the device's last report makes it
// fresh.
func (r *DeviceRules) seenSpan(device *evidence.Device) (from, until time.Time) {
	seen := device.LastSeen.UTC()
	return seen.Add(-MaxClockSkew), seen.Add(r.SeenWithin)
}
