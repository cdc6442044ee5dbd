package source

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// What a host of Fleet is said to be: Fleet has policies that pass or fail, and no
// verdict of its own. The words are those of Microsoft Graph, so that one rule of
// the policy serves both.
const (
	hostCompliant    evidence.Compliance = "compliant"
	hostNoncompliant evidence.Compliance = "noncompliant"
	hostUnknown      evidence.Compliance = "unknown"
)

// fleetHost is what is wanted of a host as Fleet lists it.
type fleetHost struct {
	ID              int64        `json:"id"`
	DisplayName     string       `json:"display_name"`
	Hostname        string       `json:"hostname"`
	Platform        string       `json:"platform"`
	OSVersion       string       `json:"os_version"`
	Serial          string       `json:"hardware_serial"`
	Encrypted       *bool        `json:"disk_encryption_enabled"`
	DetailUpdatedAt string       `json:"detail_updated_at"`
	PolicyUpdatedAt string       `json:"policy_updated_at"`
	Policies        []hostPolicy `json:"policies"`
	Issues          struct {
		Failing *int `json:"failing_policies_count"`
	} `json:"issues"`
	Mapping []hostUser `json:"device_mapping"`
}

type hostPolicy struct {
	ID       int64  `json:"id"`
	Response string `json:"response"` // pass, fail, or empty: not answered yet
}

type hostUser struct {
	Email  string `json:"email"`
	Source string `json:"source"`
}

// HostPages reads the answers of Fleet to a listing of hosts. It is for one
// goroutine.
type HostPages struct {
	pages
	*deviceReader
	policies []int64
	ids      map[int64]bool // of the hosts that were read, those that were refused among them
	last     int64
}

// NewHostPages reads hosts whose compliance is that they pass the policies with
// these ids; with none, all that Fleet has for them.
func NewHostPages(config Config, policies []int64) (*HostPages, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("source: devices: %w", err)
	}
	p := &HostPages{deviceReader: newDeviceReader(config), policies: policies, ids: map[int64]bool{}}
	p.pages = pages{name: "devices", member: "hosts", format: "hosts as Fleet lists them", paged: true, each: p.take}
	return p, nil
}

// Last returns the highest id that was read; a listing goes on behind it.
func (p *HostPages) Last() int64 { return p.last }

// Names returns what Fleet calls the person who has a host, by the way it knows:
// the names within one element are equally sure, the first element is the surest.
func (p *HostPages) Names(id string) [][]string {
	var names [][]string
	for _, name := range p.names[id] {
		names = append(names, strings.Split(name, "\n"))
	}
	return names
}

// Has reports whether a host was read.
func (p *HostPages) Has(id int64) bool { return p.ids[id] }

// Gone says that the source knows a host no longer.
func (p *HostPages) Gone(id int64) { p.removed = append(p.removed, strconv.FormatInt(id, 10)) }

func (p *HostPages) take(from record) {
	var host fleetHost
	var f fields
	whole := f.decode(from.raw, &host)
	p.last, p.ids[host.ID] = max(p.last, host.ID), true
	id := ""
	if host.ID > 0 {
		id = strconv.FormatInt(host.ID, 10)
	}
	if !whole {
		p.note(from, id, &f)
		return
	}
	device := host.device(&f, p.policies)
	device.Origin = evidence.Origin{Source: p.Source, ID: f.required("id", id)}
	if p.note(from, id, &f) {
		p.add(from, id, device)
		p.deviceReader.names[id] = host.names()
	}
}

// device checks a host and says it in the program's words.
func (h *fleetHost) device(f *fields, policies []int64) evidence.Device {
	if h.Encrypted == nil {
		f.notice("disk_encryption_enabled is missing: the device counts as not encrypted")
	}
	name := h.DisplayName
	if name == "" {
		name = h.Hostname
	}
	details, ruled := h.instant(f, "detail_updated_at", h.DetailUpdatedAt), h.instant(f, "policy_updated_at", h.PolicyUpdatedAt)
	return evidence.Device{
		Name:       f.text("display_name", name),
		OS:         f.text("platform", platformName(h.Platform)),
		OSVersion:  f.text("os_version", versionIn(h.OSVersion)),
		Compliance: h.compliance(f, policies, ruled),
		Encrypted:  h.Encrypted != nil && *h.Encrypted,
		LastSeen:   older(details, ruled),
		Serial:     f.text("hardware_serial", h.Serial),
	}
}

// instant reads one of Fleet's times. It writes the year 2000 for never.
func (h *fleetHost) instant(f *fields, name, value string) time.Time {
	at := f.instant(name, value)
	if at.Before(time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)) {
		return time.Time{}
	}
	return at
}

// older is the time of the older half of a report: a device that is still online
// but has not answered its policies for weeks has been silent for weeks.
func older(details, ruled time.Time) time.Time {
	if ruled.IsZero() || details.Before(ruled) {
		return details
	}
	return ruled
}

// compliance asks the policies that count. Silence is not compliance.
func (h *fleetHost) compliance(f *fields, wanted []int64, ruled time.Time) evidence.Compliance {
	if ruled.IsZero() {
		return hostUnknown
	}
	if h.Policies == nil && len(wanted) == 0 && h.Issues.Failing != nil { // a Fleet that lists no policies
		if *h.Issues.Failing > 0 {
			return hostNoncompliant
		}
		return hostCompliant
	}
	if h.Policies == nil {
		f.notice("policies is missing: the device counts as not compliant; this needs a Fleet that knows populate_policies")
		return hostUnknown
	}
	verdict, asked := hostCompliant, 0
	for _, policy := range h.Policies {
		if len(wanted) > 0 && !slices.Contains(wanted, policy.ID) {
			continue
		}
		asked++
		switch {
		case policy.Response == "fail":
			return hostNoncompliant
		case policy.Response != "pass":
			verdict = hostUnknown
		}
	}
	if asked == 0 {
		return hostUnknown
	}
	return verdict
}

// names sorts the mail addresses of a host by how Fleet came by them: somebody
// wrote it down, the identity provider said so at enrolment, or it was found in a
// browser, where anybody may be signed in.
func (h *fleetHost) names() []string {
	var written, enrolled, found []string
	for _, user := range h.Mapping {
		email := strings.ToLower(strings.TrimSpace(user.Email))
		switch {
		case email == "" || strings.Contains(email, "\n"):
		case strings.HasPrefix(user.Source, "custom"):
			written = append(written, email)
		case strings.Contains(user.Source, "idp"):
			enrolled = append(enrolled, email)
		default:
			found = append(found, email)
		}
	}
	var names []string
	for _, class := range [][]string{written, enrolled, found} {
		slices.Sort(class)
		if class = slices.Compact(class); len(class) > 0 {
			names = append(names, strings.Join(class, "\n"))
		}
	}
	return names
}

// platformName writes a platform as other device managers do.
func platformName(platform string) string {
	switch platform {
	case "darwin":
		return "macOS"
	case "windows":
		return "Windows"
	case "ios":
		return "iOS"
	case "ipados":
		return "iPadOS"
	}
	return platform
}

var dotted = regexp.MustCompile(`\d+(\.\d+)+`)

// versionIn finds the version in "macOS 14.6.1" or "Windows 11 Pro 23H2
// 10.0.22631.4317": the last dotted numbers.
func versionIn(text string) string {
	all := dotted.FindAllString(text, -1)
	if len(all) == 0 {
		return ""
	}
	return all[len(all)-1]
}

// HintedHosts returns the ids of the hosts that a webhook of Fleet names, at most
// max of them, or an error if it is no such webhook. It is not signed, so that it
// says no more than where to look.
func HintedHosts(body []byte, max int) ([]string, error) {
	var hint struct {
		Hosts []struct {
			ID int64 `json:"id"`
		} `json:"hosts"`
	}
	if err := json.Unmarshal(body, &hint); err != nil {
		return nil, fmt.Errorf("source: this is no webhook of Fleet: %w", err)
	}
	var ids []string
	for _, host := range hint.Hosts {
		if id := strconv.FormatInt(host.ID, 10); host.ID > 0 && !slices.Contains(ids, id) && len(ids) < max {
			ids = append(ids, id)
		}
	}
	return ids, nil
}
