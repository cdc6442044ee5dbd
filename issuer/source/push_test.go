package source

import (
	"crypto/sha256"
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

const pushed = `{"id":"A0000000-0000-4000-8000-000000000001","actor":{"account":{"homePage":"https://hr.vendor.example","name":"0700001"}},
	"verb":{"id":"http://adlnet.gov/expapi/verbs/passed"},"object":{"id":"https://learning.vendor.example/courses/CB-101"},"timestamp":"2026-11-01T08:00:00Z"}`

const voiding = `{"id":"b0000000-0000-4000-8000-000000000002","actor":{"account":{"homePage":"https://hr.vendor.example","name":"admin"}},
	"verb":{"id":"http://adlnet.gov/expapi/verbs/voided"},"object":{"objectType":"StatementRef","id":"a0000000-0000-4000-8000-000000000001"}}`

func TestStatements_OneOrAnArray(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		pushed: 1, "\ufeff \n" + pushed + "\n": 1, "[" + pushed + "]": 1, " [ ] ": 0,
		"[" + pushed + "," + strings.Replace(pushed, "001", "003", 1) + "]": 2,
	} {
		result, err := Statements(strings.NewReader(text), Config{Source: "xapi"})
		if got := clean(t, result, err); len(got) != want {
			t.Errorf("%.40q: %d records, want %d", text, len(got), want)
		}
	}
	result, err := Statements(strings.NewReader("[\n"+pushed+",\n"+voiding+"]"), Config{Source: "xapi"})
	want := evidence.Origin{Source: "xapi", ID: "a0000000-0000-4000-8000-000000000001"}
	if err != nil || len(result.Records) != 0 || len(result.Removed) != 1 || result.Removed[0] != want {
		t.Errorf("voided in the same push: %+v, %v", result, err)
	}
}

func TestStatements_WhatIsNone(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                "the body is empty",
		" \n":                             "the body is empty",
		"7":                               "neither an object nor an array",
		`"x"`:                             "neither an object nor an array",
		"null":                            "neither an object nor an array",
		"[" + pushed:                      "ends in the middle",
		pushed[:100]:                      "ends in the middle",
		pushed + pushed:                   "after the end of the JSON",
		pushed + "]":                      "after the end of the JSON",
		"[" + pushed + "],\"more\":\"x\"": "after the end of the JSON",
		"[\n{\"id\":}]":                   "line 2, column 7: this is not JSON",
	} {
		result, err := Statements(strings.NewReader(text), Config{Source: "xapi"})
		if err == nil || !strings.Contains(err.Error(), want) || len(result.Records) != 0 {
			t.Errorf("%.40q: got %v, want %q", text, err, want)
		}
	}
	if _, err := Statements(strings.NewReader(pushed), Config{}); err == nil || !strings.Contains(err.Error(), "Source is empty") {
		t.Errorf("got %v", err)
	}
}

func TestHashesAreOfWhatWasSent(t *testing.T) {
	t.Parallel()
	second := strings.Replace(pushed, "001", "003", 1)
	result, err := Statements(strings.NewReader("[\n "+pushed+" ,{},"+second+"]"), Config{Source: "xapi"})
	if err != nil || len(result.Records) != 2 || len(result.Hashes) != 2 {
		t.Fatalf("got %+v, %v", result, err)
	}
	for n, text := range []string{pushed, second} {
		if want := Hash(sha256.Sum256([]byte(text))); result.Hashes[n] != want {
			t.Errorf("hash %d is %s, want %s", n, result.Hashes[n], want)
		}
	}
}

const reported = `{"id":"d1","user_id":"p1","name":"WIN-1","os":"Windows","os_version":"10.0.22631.4429",
	"compliance":"compliant","encrypted":true,"last_seen":"2026-11-23T07:58:00Z","serial":"SN1"}`

func report1(devices, rest string) string {
	return `{"type":"devices.reported","timestamp":"2026-11-23T08:00:00Z","devices":[` + devices + `]` + rest + `}`
}

func TestDeviceReport_IsReadWhole(t *testing.T) {
	t.Parallel()
	result, at, err := DeviceReport(strings.NewReader(report1(reported, `,"removed":["d2"]`)), Config{Source: "kolide"})
	want := evidence.Device{
		Origin: evidence.Origin{Source: "kolide", ID: "d1"}, PersonID: "p1", Name: "WIN-1", OS: "Windows", OSVersion: "10.0.22631.4429",
		Compliance: "compliant", Encrypted: true, LastSeen: instant(t, "2026-11-23T07:58:00Z"), Serial: "SN1",
	}
	if got := clean(t, result, err); len(got) != 1 || got[0] != want || !at.Equal(instant(t, "2026-11-23T08:00:00Z")) {
		t.Errorf("got %+v at %v", got, at)
	}
	if len(result.Removed) != 1 || result.Removed[0] != (evidence.Origin{Source: "kolide", ID: "d2"}) {
		t.Errorf("removed %v", result.Removed)
	}
}

func TestDeviceReport_WhatIsWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: `there is no member "devices"`,
		`[]`: "not a JSON object",
		`{"type":"x","timestamp":"2026-11-23T08:00:00Z","devices":[]}`:                  `"type" is "x": send "devices.reported"`,
		`{"timestamp":"2026-11-23T08:00:00Z","devices":[]}`:                             `"type" is ""`,
		`{"type":7,"timestamp":"2026-11-23T08:00:00Z","devices":[]}`:                    `"type" is not what it should be`,
		`{"type":"devices.reported","devices":[]}`:                                      "timestamp is missing",
		`{"type":"devices.reported","timestamp":"yesterday","devices":[]}`:              `timestamp "yesterday" is not a date`,
		report1("", `,"removed":[""]`):                                                  "removed is missing",
		report1("", `,"removed":"d1"`):                                                  `"removed" is not what it should be`,
		report1("", `,"devices":[]`):                                                    "stands twice",
		`{"type":"devices.reported","timestamp":"2026-11-23T08:00:00Z","devices":null}`: "is not an array",
	} {
		if result, _, err := DeviceReport(strings.NewReader(text), Config{Source: "kolide"}); err == nil || !strings.Contains(err.Error(), want) || len(result.Records) != 0 {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
	result, _, err := DeviceReport(strings.NewReader(report1(`{"id":"d1"},{"user_id":"p"},`+reported[:len(reported)-1]+`,"encrypted":false}`, "")), Config{Source: "kolide"})
	if err != nil || len(result.Records) != 1 || len(result.Problems) != 5+1+1 {
		t.Errorf("got %+v, %v", result, err)
	}
	only, _, err := DeviceReport(strings.NewReader(`{"type":"devices.reported","timestamp":"2026-11-23T08:00:00Z","removed":["d1"]}`), Config{Source: "kolide"})
	if err != nil || len(only.Removed) != 1 {
		t.Errorf("nothing but removed: %+v, %v", only, err)
	}
}
