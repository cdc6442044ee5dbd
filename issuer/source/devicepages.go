package source

import (
	"encoding/json"
	"fmt"
)

// DeviceMembers are what is read of a Microsoft Graph managedDevice: a query's
// $select.
func DeviceMembers() []string {
	return []string{
		"id", "userId", "userPrincipalName", "deviceName", "operatingSystem", "osVersion",
		"complianceState", "isEncrypted", "lastSyncDateTime", "serialNumber",
	}
}

// DevicePages reads the answers of Microsoft Graph to one query, as [Devices]
// reads a file. It is for one goroutine.
type DevicePages struct {
	pages
	*deviceReader
	sparse []string
}

// NewDevicePages reports what is wrong with the configuration.
func NewDevicePages(config Config) (*DevicePages, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("source: devices: %w", err)
	}
	p := newDevicePages(config)
	p.paged = true
	return p, nil
}

func newDevicePages(config Config) *DevicePages {
	d := newDeviceReader(config)
	return &DevicePages{deviceReader: d, pages: pages{
		name: "devices", member: "value", format: "a Microsoft Graph managedDevice collection",
		next: "@odata.nextLink", resume: "@odata.deltaLink", each: d.take,
	}}
}

// HoldBackSparse leaves out records that lack a member of [DeviceMembers]. A delta
// may hold no more of a device than what has changed (Microsoft Graph, "Use delta
// query"), and what it leaves out would count against the device.
func (p *DevicePages) HoldBackSparse() {
	p.each = func(from record) {
		if id := sparseID(from.raw); id != "" {
			p.sparse = append(p.sparse, id)
			return
		}
		p.take(from)
	}
}

// Sparse returns the ids of the devices that were held back, to be asked for one
// by one.
func (p *DevicePages) Sparse() []string { return p.sparse }

// Names returns what the source calls the person who has a device, the surest
// first.
func (p *DevicePages) Names(id string) []string { return p.names[id] }

// ReadOne reads an answer that is one device alone.
func (p *DevicePages) ReadOne(text []byte) error {
	var raw json.RawMessage
	if err := json.Unmarshal(text, &raw); err != nil {
		return fmt.Errorf("source: devices: this is not JSON: %w", err)
	}
	p.records++
	p.take(record{position: p.records, raw: raw})
	return nil
}

// Gone says that the source knows a device no longer.
func (p *DevicePages) Gone(id string) {
	p.remove(id)
	p.removed = append(p.removed, id)
}

// sparseID returns the id of a device that is not whole, or "".
func sparseID(raw json.RawMessage) string {
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members["@removed"] != nil {
		return ""
	}
	for _, name := range DeviceMembers() {
		if _, present := members[name]; !present {
			var id string
			_ = json.Unmarshal(members["id"], &id) // without one it is refused further on
			return id
		}
	}
	return ""
}
