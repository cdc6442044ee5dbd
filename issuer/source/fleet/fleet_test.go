package fleet_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/fleet"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
)

type host = sourcetest.FleetHost

type people map[string]string

func (p people) PersonID(_ context.Context, name string) (string, error) { return p[name], nil }

func open(t *testing.T, server *sourcetest.Fleet, policies ...int64) *fleet.Manager {
	t.Helper()
	address, client := sourcetest.Serve(t, server)
	clock := sourcetest.NewClock(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	m, err := fleet.New(fleet.Config{
		URL: address + "/", Token: sourcetest.FleetToken, Policies: policies, Client: client, Now: clock.Now, Wait: clock.Wait,
		Directory: people{"anna@vendor.example": "p-anna", "bob@vendor.example": "p-bob"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// laptop is a host that is in order, but for what is changed.
func laptop(id int, changes ...any) host {
	h := host{
		"id": id, "display_name": fmt.Sprintf("mac-%d", id), "platform": "darwin", "os_version": "macOS 14.6.1",
		"hardware_serial": fmt.Sprintf("SN%d", id), "disk_encryption_enabled": true,
		"detail_updated_at": "2026-11-23T07:10:00Z", "policy_updated_at": "2026-11-23T07:00:00Z", "seen_time": "2026-11-23T07:59:00Z",
		"issues":         map[string]any{"failing_policies_count": 0},
		"policies":       []any{map[string]any{"id": 1, "response": "pass"}, map[string]any{"id": 2, "response": "pass"}},
		"device_mapping": []any{map[string]any{"email": "Anna@vendor.example", "source": "mdm_idp_accounts"}},
	}
	for i := 0; i < len(changes); i += 2 {
		h[changes[i].(string)] = changes[i+1]
	}
	return h
}

func answers(responses ...string) []any {
	list := []any{}
	for n, response := range responses {
		list = append(list, map[string]any{"id": n + 1, "response": response})
	}
	return list
}

func users(pairs ...string) (list []any) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, map[string]any{"email": pairs[i], "source": pairs[i+1]})
	}
	return list
}

func listing(t *testing.T, m *fleet.Manager) source.Changes {
	t.Helper()
	changes, err := m.Changes(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func TestAHostIsReadWhole(t *testing.T) {
	t.Parallel()
	got := listing(t, open(t, sourcetest.NewFleet(t, laptop(7))))
	want := evidence.Device{
		Origin: evidence.Origin{Source: "fleet", ID: "7"}, PersonID: "p-anna", Name: "mac-7", OS: "macOS", OSVersion: "14.6.1",
		Compliance: "compliant", Encrypted: true, LastSeen: time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC), Serial: "SN7",
	}
	if len(got.Devices.Records) != 1 || got.Devices.Records[0] != want || !got.Full || len(got.Devices.Problems) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestComplianceIsPassingThePoliciesThatCount(t *testing.T) {
	t.Parallel()
	const never = "2000-01-01T00:00:00Z"
	for name, c := range map[string]struct {
		host     host
		policies []int64
		want     evidence.Compliance
	}{
		"all pass":                  {laptop(1), nil, "compliant"},
		"one fails":                 {laptop(1, "policies", answers("pass", "fail")), nil, "noncompliant"},
		"one that does not count":   {laptop(1, "policies", answers("pass", "fail")), []int64{1}, "compliant"},
		"one is not answered":       {laptop(1, "policies", answers("pass", "")), nil, "unknown"},
		"fails and not answered":    {laptop(1, "policies", answers("", "fail")), nil, "noncompliant"},
		"none applies":              {laptop(1, "policies", answers()), nil, "unknown"},
		"none that counts applies":  {laptop(1), []int64{9}, "unknown"},
		"never asked":               {laptop(1, "policy_updated_at", never), nil, "unknown"},
		"an older Fleet, none":      {laptop(1, "policies", nil), nil, "compliant"},
		"an older Fleet, one fails": {laptop(1, "policies", nil, "issues", map[string]any{"failing_policies_count": 1}), nil, "noncompliant"},
		"an older Fleet, chosen":    {laptop(1, "policies", nil), []int64{1}, "unknown"},
		"nothing said":              {laptop(1, "policies", nil, "issues", nil), nil, "unknown"},
	} {
		got := listing(t, open(t, sourcetest.NewFleet(t, c.host), c.policies...)).Devices.Records
		if len(got) != 1 || got[0].Compliance != c.want {
			t.Errorf("%s: got %+v, want %s", name, got, c.want)
		}
	}
}

func TestWhatAHostReportedIsAsOldAsItsOlderHalf(t *testing.T) {
	t.Parallel()
	const never, old, recent = "2000-01-01T00:00:00Z", "2026-10-01T00:00:00Z", "2026-11-23T07:00:00Z"
	for name, c := range map[string]struct{ details, policies, want string }{
		"both recent":       {recent, recent, recent},
		"old details":       {old, recent, old},
		"old policies":      {recent, old, old},
		"no policies":       {recent, never, recent},
		"never any details": {never, recent, "0001-01-01T00:00:00Z"},
	} {
		got := listing(t, open(t, sourcetest.NewFleet(t, laptop(1, "detail_updated_at", c.details, "policy_updated_at", c.policies)))).Devices.Records
		if seen := got[0].LastSeen.Format(time.RFC3339); seen != c.want {
			t.Errorf("%s: last seen %s, want %s", name, seen, c.want)
		}
	}
}

func TestVersionsAndPlatformsAreReadAsOtherManagersWriteThem(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ platform, version, os, want string }{
		{"darwin", "macOS 15.1", "macOS", "15.1"},
		{"windows", "Windows 11 Pro 23H2 10.0.22631.4317", "Windows", "10.0.22631.4317"},
		{"ubuntu", "Ubuntu 22.04.5 LTS", "ubuntu", "22.04.5"},
		{"centos", "CentOS Linux 7", "centos", ""},
	} {
		got := listing(t, open(t, sourcetest.NewFleet(t, laptop(1, "platform", c.platform, "os_version", c.version)))).Devices.Records[0]
		if got.OS != c.os || got.OSVersion != c.want {
			t.Errorf("%q: got %q %q", c.version, got.OS, got.OSVersion)
		}
	}
}

func TestWhoseAHostIs(t *testing.T) {
	t.Parallel()
	const anna, bob, nobody = "anna@vendor.example", "BOB@vendor.example", "x@vendor.example"
	for name, c := range map[string]struct {
		users []any
		want  string
		said  bool
	}{
		"enrolled by one":                 {users(anna, "mdm_idp_accounts"), "p-anna", false},
		"written down beats the rest":     {users(anna, "mdm_idp_accounts", bob, "custom_override"), "p-bob", false},
		"enrolled beats a browser":        {users(bob, "google_chrome_profiles", anna, "idp"), "p-anna", false},
		"a browser is better than nobody": {users(nobody, "idp", bob, "google_chrome_profiles"), "p-bob", false},
		"the same person twice":           {users(anna, "idp", "ANNA@vendor.example", "mdm_idp_accounts"), "p-anna", false},
		"two people":                      {users(anna, "google_chrome_profiles", bob, "google_chrome_profiles"), "", true},
		"nobody known":                    {users(nobody, "idp"), "", false},
		"none":                            {nil, "", false},
	} {
		got := listing(t, open(t, sourcetest.NewFleet(t, laptop(1, "device_mapping", c.users)))).Devices
		if got.Records[0].PersonID != c.want || (len(got.Problems) == 1) != c.said {
			t.Errorf("%s: got %q, %v", name, got.Records[0].PersonID, got.Problems)
		}
	}
}

func TestAllHostsAreListed(t *testing.T) {
	t.Parallel()
	server := sourcetest.NewFleet(t)
	for id := 1; id <= 250; id++ {
		server.Set(laptop(id * 3))
	}
	m := open(t, server)
	if got := listing(t, m); len(got.Devices.Records) != 250 {
		t.Errorf("%d hosts, want 250", len(got.Devices.Records))
	}
	server.Deaf = true
	if _, err := m.Changes(t.Context(), ""); !errors.Is(err, source.ErrRepeats) {
		t.Errorf("a server that does not heed after: %v", err)
	}
}

func TestHalfAListingIsAnError(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]sourcetest.Answer{
		"Fleet answered 500": {Status: 500},
		"Fleet answered 401": {Status: 401},
		"fetch_failed":       {Status: 200, Body: `{"hosts":[`, CutOff: true},
		"ends in the middle": {Status: 200, Body: `{"hosts":[`},
		"no member":          {Status: 200, Body: `{"host":{}}`},
		"is not an array":    {Status: 200, Body: `{"hosts":null}`},
	} {
		server := sourcetest.NewFleet(t, laptop(1))
		m := open(t, server)
		server.Instead("/api", answer)
		if want == "Fleet answered 401" {
			server.Instead("/api", answer)
		}
		if got, err := m.Changes(t.Context(), ""); err == nil || !strings.Contains(err.Error(), want) || got.Full {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestAHostThatIsRefusedIsReportedAndTheRestComes(t *testing.T) {
	t.Parallel()
	server := sourcetest.NewFleet(t, laptop(1), laptop(2, "os_version", 14), laptop(3, "display_name", "a\nb"))
	got := listing(t, open(t, server)).Devices
	if len(got.Records) != 1 || len(got.Problems) != 2 || got.Problems[0].ID != "2" || got.Problems[1].ID != "3" {
		t.Errorf("got %v, %v", got.Records, got.Problems)
	}
}

func TestHostsAreReadAgain(t *testing.T) {
	t.Parallel()
	server := sourcetest.NewFleet(t, laptop(1), laptop(2), laptop(4, "policies", answers("fail")))
	m := open(t, server)
	got, err := m.Reread(t.Context(), []string{"4", "3", "9"})
	if err != nil {
		t.Fatal(err)
	}
	var gone []string
	for _, o := range got.Devices.Removed {
		gone = append(gone, o.ID)
	}
	if len(got.Devices.Records) != 1 || got.Devices.Records[0].Compliance != "noncompliant" || got.Full || !slices.Equal(gone, []string{"3", "9"}) {
		t.Errorf("got %+v, gone %v", got.Devices.Records, gone)
	}
	for _, id := range []string{"x", "0", "-1", ""} {
		if _, err := m.Reread(t.Context(), []string{id}); err == nil || !strings.Contains(err.Error(), "is no id of a host") {
			t.Errorf("%q: %v", id, err)
		}
	}
	server.Instead("/api", sourcetest.Answer{Status: 500})
	if _, err := m.Reread(t.Context(), []string{"1"}); call.Status(err) != 500 {
		t.Errorf("got %v", err)
	}
}

func TestHintedHosts(t *testing.T) {
	t.Parallel()
	body := []byte(`{"timestamp":"2026-11-23T08:00:00Z","policy":{"id":1,"name":"FileVault"},
		"hosts":[{"id":4,"hostname":"a","url":"https://x"},{"id":4},{"id":0},{"id":9},{"id":11}]}`)
	for max, want := range map[int][]string{2: {"4", "9"}, 3: {"4", "9", "11"}} {
		if got, err := source.HintedHosts(body, max); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
	for _, body := range []string{"", "[]", `{"hosts":[{"id":"4"}]}`, `{"hosts":7}`} {
		if _, err := source.HintedHosts([]byte(body), 2); err == nil {
			t.Errorf("%q was read", body)
		}
	}
}

func TestNew_ReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	client, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = fleet.New(fleet.Config{URL: "http://fleet.example", Client: client})
	for _, want := range []string{"Token", "Directory", "URL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := fleet.New(fleet.Config{Token: "x", Directory: people{}}); err == nil || !strings.Contains(err.Error(), "Client is missing") {
		t.Errorf("got %v", err)
	}
}
