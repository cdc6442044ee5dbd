package source

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// managedDevice is what is wanted of a Microsoft Graph managedDevice.
type managedDevice struct {
	ID                string           `json:"id"`
	UserID            string           `json:"userId"`
	UserPrincipalName string           `json:"userPrincipalName"`
	DeviceName        string           `json:"deviceName"`
	OperatingSystem   string           `json:"operatingSystem"`
	OSVersion         string           `json:"osVersion"`
	ComplianceState   string           `json:"complianceState"`
	IsEncrypted       *bool            `json:"isEncrypted"`
	LastSyncDateTime  string           `json:"lastSyncDateTime"`
	SerialNumber      string           `json:"serialNumber"`
	Removed           *json.RawMessage `json:"@removed"` // in a delta: the device is gone
}

// Devices reads a Microsoft Graph managedDevice collection, plain or as a delta.
// A delta's removed entries are listed in Removed, unless the device comes back
// further on. What a device does not report counts against it, with a notice.
func Devices(r io.Reader, config Config) (Result[evidence.Device], error) {
	if err := config.validate(); err != nil {
		return Result[evidence.Device]{}, fmt.Errorf("source: devices: %w", err)
	}
	d := newDevicePages(config)
	page, err := d.Read(r)
	if err != nil {
		return Result[evidence.Device]{}, err
	}
	if page.Next != "" {
		d.file("the device manager has more devices: import the other pages, too")
	}
	return d.Result(), nil
}

type deviceReader struct {
	Config
	*gathering[evidence.Device]
	removed []string
	names   map[string][]string // of a device's person, by the device's id
}

func newDeviceReader(config Config) *deviceReader {
	return &deviceReader{
		Config:    config,
		gathering: newGathering(func(a, b evidence.Device) bool { return a == b }),
		names:     map[string][]string{},
	}
}

// Result returns what was read; nothing may be read after it.
func (d *deviceReader) Result() Result[evidence.Device] { return d.finish(d.Source, d.removed) }

func (d *deviceReader) take(from record) {
	var m managedDevice
	var f fields
	if !f.decode(from.raw, &m) {
		d.note(from, m.ID, &f)
		return
	}
	if m.Removed != nil {
		d.takeRemoved(from, &m, &f)
		return
	}
	device := m.device(&f)
	device.Origin = evidence.Origin{Source: d.Source, ID: f.required("id", m.ID)}
	if d.note(from, m.ID, &f) {
		d.add(from, m.ID, device)
		d.names[m.ID] = slices.DeleteFunc([]string{m.UserID, m.UserPrincipalName}, func(name string) bool { return name == "" })
	}
}

func (d *deviceReader) takeRemoved(from record, m *managedDevice, f *fields) {
	id := f.required("id", m.ID)
	if !d.note(from, m.ID, f) {
		return
	}
	d.result.Skipped++
	d.remove(id)
	d.removed = append(d.removed, id)
}

// device checks a report and says it in the program's words.
func (m *managedDevice) device(f *fields) evidence.Device {
	m.noticeGaps(f)
	// macOS comes with its build behind the version: "14.6.1 (23G93)".
	version, _, _ := strings.Cut(m.OSVersion, " (")
	return evidence.Device{
		PersonID:   f.identifier("userId", m.UserID),
		Name:       f.text("deviceName", m.DeviceName),
		OS:         f.text("operatingSystem", m.OperatingSystem),
		OSVersion:  f.text("osVersion", version),
		Compliance: evidence.Compliance(f.text("complianceState", m.ComplianceState)),
		Encrypted:  m.IsEncrypted != nil && *m.IsEncrypted,
		LastSeen:   f.instant("lastSyncDateTime", m.LastSyncDateTime),
		Serial:     f.text("serialNumber", m.SerialNumber),
	}
}

// noticeGaps tells of missing members: a query that forgets one of them in its
// $select would otherwise look like a program full of bad devices.
func (m *managedDevice) noticeGaps(f *fields) {
	gaps := []struct {
		missing bool
		name    string
		means   string
	}{
		{m.OperatingSystem == "", "operatingSystem", "outdated"},
		{m.OSVersion == "", "osVersion", "outdated"},
		{m.ComplianceState == "", "complianceState", "not compliant"},
		{m.IsEncrypted == nil, "isEncrypted", "not encrypted"},
		{m.LastSyncDateTime == "", "lastSyncDateTime", "never seen"},
	}
	for _, gap := range gaps {
		if gap.missing {
			f.notice("%s is missing: the device counts as %s; add it to the query's $select", gap.name, gap.means)
		}
	}
}
