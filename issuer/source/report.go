package source

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// DeviceReportType is the type of a webhook that reports devices.
const DeviceReportType = "devices.reported"

// reportedDevice is a device as a webhook reports it.
type reportedDevice struct {
	ID         string `json:"id"`
	UserID     string `json:"user_id"`
	Name       string `json:"name"`
	OS         string `json:"os"`
	OSVersion  string `json:"os_version"`
	Compliance string `json:"compliance"`
	Encrypted  *bool  `json:"encrypted"`
	LastSeen   string `json:"last_seen"`
	Serial     string `json:"serial"`
}

// DeviceReport reads the body of a webhook by which a device manager, or what
// somebody built around one, reports devices:
//
//	{"type": "devices.reported", "timestamp": "2026-11-23T08:00:00Z",
//	 "devices": [{"id": "…", "user_id": "…", "name": "…", "os": "Windows", "os_version": "10.0.22631.4317",
//	              "compliance": "compliant", "encrypted": true, "last_seen": "2026-11-23T07:58:00Z", "serial": "…"}],
//	 "removed": ["…"]}
//
// timestamp is when the report was made, by which of two the later one is known.
// A device is reported whole: what is not said counts against it, with a notice.
// What is not among devices stays as it is; removed names devices that are gone.
func DeviceReport(r io.Reader, config Config) (result Result[evidence.Device], at time.Time, err error) {
	if err := config.validate(); err != nil {
		return result, at, fmt.Errorf("source: devices: %w", err)
	}
	d := newDeviceReader(config)
	c := collection{member: "devices", format: "a report of devices", each: func(from record) { d.takeReported(from) }}
	err = c.read(r)
	if err == nil && !c.found && !c.has("removed") {
		err = c.missing()
	}
	if err == nil {
		at, err = d.envelope(c.rest)
	}
	if err != nil {
		return Result[evidence.Device]{}, time.Time{}, fmt.Errorf("source: devices: %w", err)
	}
	return d.Result(), at, nil
}

// envelope reads what stands around the devices.
func (d *deviceReader) envelope(rest map[string]json.RawMessage) (time.Time, error) {
	var kind, timestamp string
	var removed []string
	for _, member := range []struct {
		name string
		into any
	}{{"type", &kind}, {"timestamp", &timestamp}, {"removed", &removed}} {
		if raw := rest[member.name]; raw != nil && json.Unmarshal(raw, member.into) != nil {
			return time.Time{}, fmt.Errorf("the member %q is not what it should be: send %s", member.name, DeviceReportType)
		}
	}
	if kind != DeviceReportType {
		return time.Time{}, fmt.Errorf("the member \"type\" is %q: send %q", clip(kind, MaxTextLength), DeviceReportType)
	}
	var f fields
	at := f.instant("timestamp", timestamp)
	if timestamp == "" {
		f.refuse("timestamp is missing: send when the report was made")
	}
	for _, id := range removed {
		d.remove(f.required("removed", id))
		d.removed = append(d.removed, id)
	}
	if len(f.refusals) > 0 {
		return time.Time{}, fmt.Errorf("%s", f.refusals[0])
	}
	return at, nil
}

func (d *deviceReader) takeReported(from record) {
	var reported reportedDevice
	var f fields
	if !f.decode(from.raw, &reported) {
		d.note(from, reported.ID, &f)
		return
	}
	device := reported.device(&f)
	device.Origin = evidence.Origin{Source: d.Source, ID: f.required("id", reported.ID)}
	if d.note(from, reported.ID, &f) {
		d.add(from, reported.ID, device)
		d.names[reported.ID] = []string{reported.UserID}
	}
}

// device checks a report and says it in the program's words.
func (m *reportedDevice) device(f *fields) evidence.Device {
	for _, gap := range []struct {
		missing     bool
		name, means string
	}{
		{m.OS == "", "os", "outdated"},
		{m.OSVersion == "", "os_version", "outdated"},
		{m.Compliance == "", "compliance", "not compliant"},
		{m.Encrypted == nil, "encrypted", "not encrypted"},
		{m.LastSeen == "", "last_seen", "never seen"},
	} {
		if gap.missing {
			f.notice("%s is missing: the device counts as %s; report devices whole", gap.name, gap.means)
		}
	}
	return evidence.Device{
		PersonID:   f.identifier("user_id", m.UserID),
		Name:       f.text("name", m.Name),
		OS:         f.text("os", m.OS),
		OSVersion:  f.text("os_version", m.OSVersion),
		Compliance: evidence.Compliance(f.text("compliance", m.Compliance)),
		Encrypted:  m.Encrypted != nil && *m.Encrypted,
		LastSeen:   f.instant("last_seen", m.LastSeen),
		Serial:     f.text("serial", m.Serial),
	}
}
