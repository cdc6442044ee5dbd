package graph_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/internal/outbound"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/source/graph"
	"github.com/cyberbadge/cyberbadge/issuer/source/internal/call"
	"github.com/cyberbadge/cyberbadge/issuer/source/sourcetest"
)

var now = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

type bench struct {
	*sourcetest.Graph
	*sourcetest.Clock
	intune *graph.Intune
}

func open(t *testing.T, file []byte, change ...func(*graph.Config)) *bench {
	t.Helper()
	clock := sourcetest.NewClock(now)
	b := &bench{Graph: sourcetest.NewGraph(t, file, clock.Now), Clock: clock}
	address, client := sourcetest.Serve(t, b.Graph)
	cfg := graph.Config{
		Tenant: sourcetest.GraphTenant, ClientID: sourcetest.GraphClient, ClientSecret: sourcetest.GraphSecret,
		GraphURL: address, LoginURL: address + "/", Client: client, Now: b.Now, Wait: b.Wait,
	}
	for _, c := range change {
		c(&cfg)
	}
	var err error
	if b.intune, err = graph.New(cfg); err != nil {
		t.Fatal(err)
	}
	return b
}

func delta(cfg *graph.Config) { cfg.Delta = true }

func (b *bench) changes(t *testing.T, cursor string) source.Changes {
	t.Helper()
	changes, err := b.intune.Changes(t.Context(), cursor)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

// laptop is the nth device.
func laptop(n int) map[string]any {
	return map[string]any{
		"id": fmt.Sprintf("d%03d", n), "userId": fmt.Sprintf("p%d", n), "userPrincipalName": fmt.Sprintf("u%d@vendor.example", n),
		"deviceName": fmt.Sprintf("WIN-%d", n), "operatingSystem": "Windows", "osVersion": "10.0.22631.4429",
		"complianceState": "compliant", "isEncrypted": true, "lastSyncDateTime": "2026-11-23T07:00:00Z", "serialNumber": fmt.Sprintf("SN%d", n),
	}
}

func ids(devices []evidence.Device) (list []string) {
	for _, d := range devices {
		list = append(list, d.Origin.ID)
	}
	slices.Sort(list)
	return list
}

func TestTheSampleComesAsItDoesFromItsFile(t *testing.T) {
	t.Parallel()
	file, err := sample.Files.ReadFile(sample.Devices)
	if err != nil {
		t.Fatal(err)
	}
	want, err := source.Devices(bytes.NewReader(file), source.Config{Source: graph.DefaultName})
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []func(*graph.Config){func(*graph.Config) {}, delta} {
		for _, size := range []int{7, 100, 1000} {
			b := open(t, file, how)
			b.PageSize = size
			got := b.changes(t, "")
			if !slices.Equal(got.Devices.Records, want.Records) || !got.Full || got.More || len(got.Devices.Problems) != 0 {
				t.Errorf("pages of %d: %d records, want %d; full %v, more %v, problems %v",
					size, len(got.Devices.Records), len(want.Records), got.Full, got.More, got.Devices.Problems)
			}
		}
	}
}

func TestADeltaBringsWhatHasChanged(t *testing.T) {
	t.Parallel()
	b := open(t, nil, delta)
	for n := range 5 {
		b.Set(laptop(n))
	}
	first := b.changes(t, "")
	changed := laptop(1)
	changed["complianceState"] = "noncompliant"
	b.Set(changed)
	b.Remove("d003")
	second := b.changes(t, first.Next)
	if got := ids(second.Devices.Records); second.Full || !slices.Equal(got, []string{"d001"}) || second.Devices.Records[0].Compliance != "noncompliant" {
		t.Errorf("got %+v", second)
	}
	if want := []evidence.Origin{{Source: "graph", ID: "d003"}}; !slices.Equal(second.Devices.Removed, want) {
		t.Errorf("removed %v", second.Devices.Removed)
	}
	if third := b.changes(t, second.Next); third.Full || len(third.Devices.Records)+len(third.Devices.Removed) != 0 {
		t.Errorf("with no change: %+v", third)
	}
}

// What a delta leaves out must not count against a device.
func TestADeviceOfWhichADeltaSaysAPartIsReadWhole(t *testing.T) {
	t.Parallel()
	b := open(t, nil, delta)
	b.Sparse = true
	b.Set(laptop(1))
	b.Set(laptop(2))
	cursor := b.changes(t, "").Next
	changed := laptop(1)
	changed["complianceState"] = "noncompliant"
	b.Set(changed)
	got := b.changes(t, cursor)
	if len(got.Devices.Records) != 1 || got.Full {
		t.Fatalf("got %+v", got)
	}
	if d := got.Devices.Records[0]; d.Compliance != "noncompliant" || !d.Encrypted || d.LastSeen.IsZero() || d.Serial != "SN1" {
		t.Errorf("got %+v", d)
	}
}

func TestManySparseDevicesAreListedWhole(t *testing.T) {
	t.Parallel()
	for count, full := range map[int]bool{graph.MaxReread: false, graph.MaxReread + 1: true} {
		b := open(t, nil, delta)
		b.Sparse = true
		cursor := b.changes(t, "").Next
		for n := range count {
			b.Set(laptop(n))
		}
		if got := b.changes(t, cursor); got.Full != full || len(got.Devices.Records) != count {
			t.Errorf("%d: full %v with %d devices", count, got.Full, len(got.Devices.Records))
		}
	}
}

func TestAForgottenDeltaIsReadWhole(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]sourcetest.Answer{
		"gone":       {Status: 410, Body: `{"error":{"code":"resyncRequired"}}`},
		"bad":        {Status: 400, Body: `{"error":{"code":"syncStateInvalid"}}`},
		"not found":  {Status: 404},
		"really so":  {},
		"lost cause": {Status: 410, Body: "<html>"},
	} {
		b := open(t, nil, delta)
		b.Set(laptop(1))
		cursor := b.changes(t, "").Next
		b.ForgetDeltas()
		if answer.Status != 0 {
			b.Instead(sourcetest.GraphDevices, answer)
		}
		if got := b.changes(t, cursor); !got.Full || len(got.Devices.Records) != 1 || got.Next == cursor {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func TestADeltaThatFailsOtherwiseIsAnError(t *testing.T) {
	t.Parallel()
	b := open(t, nil, delta)
	b.Set(laptop(1))
	cursor := b.changes(t, "").Next
	b.Instead(sourcetest.GraphDevices, sourcetest.Answer{Status: 400, Body: `{"error":{"code":"BadRequest"}}`}, sourcetest.Answer{Status: 200, Body: `{"value":[]}`})
	for _, want := range []string{"answered 400", "ends without a link"} {
		if _, err := b.intune.Changes(t.Context(), cursor); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	for _, cursor := range []string{"https://elsewhere.example/delta", "file:///etc/passwd"} {
		if _, err := b.intune.Changes(t.Context(), cursor); err == nil || !strings.Contains(err.Error(), "another host") {
			t.Errorf("%s: got %v", cursor, err)
		}
	}
}

func TestATokenIsKeptAndFetchedAfresh(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Set(laptop(1))
	signIns := func() int {
		n := 0
		for _, call := range b.Calls() {
			if strings.Contains(call, "/oauth2/") {
				n++
			}
		}
		return n
	}
	for range 2 {
		b.changes(t, "")
	}
	if signIns() != 1 {
		t.Errorf("%d sign-ins for two listings, want 1", signIns())
	}
	b.RevokeTokens() // 401, once
	b.changes(t, "")
	if signIns() != 2 {
		t.Errorf("%d sign-ins after the token was revoked, want 2", signIns())
	}
	b.Move(time.Hour - 5*time.Minute) // shortly before its end
	b.changes(t, "")
	if signIns() != 3 {
		t.Errorf("%d sign-ins when the token ends, want 3", signIns())
	}
	b.Instead(sourcetest.GraphDevices, sourcetest.Answer{Status: 401}, sourcetest.Answer{Status: 401})
	if _, err := b.intune.Changes(t.Context(), ""); call.Status(err) != 401 {
		t.Errorf("got %v", err)
	}
	if signIns() != 4 {
		t.Errorf("%d sign-ins after a refused fresh token, want 4", signIns())
	}
}

func TestTheSignInServiceFails(t *testing.T) {
	t.Parallel()
	const path = "/" + sourcetest.GraphTenant
	for want, answer := range map[string]sourcetest.Answer{
		"answered 401 (invalid_client)":       {Status: 401, Body: `{"error":"invalid_client","error_description":"leak"}`},
		"answered 500 (no reason given)":      {Status: 500, Body: "leak"},
		"something that is no token":          {Status: 200, Body: `{"access_token":"x","token_type":"mac"}`},
		"could not be asked":                  {Status: 200, Body: `{"access`, CutOff: true},
		"answered 400 (no reason given)":      {Status: 400, Body: `{"error":"<script>"}`},
		"answered with something that is no ": {Status: 200, Body: `[]`},
	} {
		b := open(t, nil)
		b.Instead(path, answer)
		if _, err := b.intune.Changes(t.Context(), ""); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "leak") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func TestThrottlingInTheMiddleOfAListingIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.PageSize = 1
	for n := range 3 {
		b.Set(laptop(n))
	}
	b.Instead(sourcetest.GraphDevices, sourcetest.Answer{Status: 429, RetryAfter: "10"}, sourcetest.Answer{Status: 503, RetryAfter: "20"})
	got := b.changes(t, "")
	if want := []time.Duration{10 * time.Second, 20 * time.Second}; len(got.Devices.Records) != 3 || !slices.Equal(b.Waited(), want) {
		t.Errorf("%d devices after waiting %v", len(got.Devices.Records), b.Waited())
	}
	for range 100 {
		b.Instead(sourcetest.GraphDevices, sourcetest.Answer{Status: 429, RetryAfter: "3600"})
	}
	var retry *source.RetryError
	if _, err := b.intune.Changes(t.Context(), ""); !errors.As(err, &retry) || retry.After != time.Hour {
		t.Errorf("in a storm: %v", err)
	}
}

func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	b := open(t, nil, func(cfg *graph.Config) {
		cfg.Wait = func(ctx context.Context, d time.Duration) error {
			cancel()
			return call.Sleep(ctx, time.Hour)
		}
	})
	b.Instead(sourcetest.GraphDevices, sourcetest.Answer{Status: 429, RetryAfter: "60"})
	if _, err := b.intune.Changes(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestAListingThatGoesRoundInCirclesIsAnError(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]func(*bench){
		"back to the first page":         func(b *bench) { b.Circles = true },
		"new addresses of the same page": func(b *bench) { b.Endless = true },
	} {
		b := open(t, nil)
		b.PageSize = 1
		b.Set(laptop(1))
		b.Set(laptop(2))
		set(b)
		if _, err := b.intune.Changes(t.Context(), ""); !errors.Is(err, source.ErrRepeats) || len(b.Calls()) > 6 {
			t.Errorf("%s: %v after %d calls", name, err, len(b.Calls()))
		}
	}
}

func TestHalfAListingIsAnError(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]sourcetest.Answer{
		"answered 500":       {Status: 500},
		"fetch_failed":       {Status: 200, Body: `{"value":[{"id":"d1"`, CutOff: true},
		"ends in the middle": {Status: 200, Body: `{"value":[{"id":"d1"}`},
		"instead of JSON":    {Status: 200, Type: "text/html", Body: "sign in"},
		"is not an array":    {Status: 200, Body: `{"value":null}`},
		`no member "value"`:  {Status: 200, Body: `{"error":{}}`},
		"is not a text":      {Status: 200, Body: `{"value":[],"@odata.nextLink":{}}`},
		"on another host":    {Status: 200, Body: `{"value":[],"@odata.nextLink":"https://elsewhere.example/"}`},
		"fetch_too_large":    {Status: 200, Body: strings.Repeat(" ", 5<<20)},
		"answered 302":       {Status: 302},
	} {
		b := open(t, nil)
		b.PageSize = 1
		b.Set(laptop(1))
		b.Set(laptop(2))
		b.Instead(sourcetest.GraphDevices, answer)
		got, err := b.intune.Changes(t.Context(), "")
		if err == nil || !strings.Contains(err.Error(), want) || len(got.Devices.Records) != 0 || got.Full {
			t.Errorf("got %+v, %v, want %q", got, err, want)
		}
	}
}

func TestDevicesAreReadAgainOneByOne(t *testing.T) {
	t.Parallel()
	b := open(t, nil)
	b.Set(laptop(1))
	got, err := b.intune.Reread(t.Context(), []string{"d001", "d/../2"})
	if err != nil || !slices.Equal(ids(got.Devices.Records), []string{"d001"}) || got.Full {
		t.Errorf("got %+v, %v", got, err)
	}
	if want := []evidence.Origin{{Source: "graph", ID: "d/../2"}}; !slices.Equal(got.Devices.Removed, want) {
		t.Errorf("removed %v", got.Devices.Removed)
	}
	b.Instead(sourcetest.GraphDevices+"/", sourcetest.Answer{Status: 500})
	if _, err := b.intune.Reread(t.Context(), []string{"d001"}); call.Status(err) != 500 {
		t.Errorf("got %v", err)
	}
}

func TestNew_ReportsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	client, err := outbound.New(outbound.Config{})
	if err != nil {
		t.Fatal(err)
	}
	_, err = graph.New(graph.Config{Tenant: "a/b", GraphURL: "http://graph.example", LoginURL: "https://10.0.0.1", Client: client})
	for _, want := range []string{"Tenant", "ClientID", "ClientSecret", "GraphURL", "LoginURL"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
	if _, err := graph.New(graph.Config{Tenant: "t", ClientID: "c", ClientSecret: "s"}); err == nil || !strings.Contains(err.Error(), "Client is missing") {
		t.Errorf("got %v", err)
	}
	if _, err := graph.New(graph.Config{Tenant: "t", ClientID: "c", ClientSecret: "s", Client: client}); err != nil {
		t.Errorf("the defaults: %v", err)
	}
}
