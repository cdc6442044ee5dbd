package source

import (
	"strings"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

const deviceText = `{"id":"d1","userId":"u1","operatingSystem":"macOS","osVersion":"14.6.1 (23G93)","complianceState":"compliant","isEncrypted":true,"lastSyncDateTime":"2026-11-18T04:36:52Z"}`

func devices(t *testing.T, texts ...string) Result[evidence.Device] {
	t.Helper()
	result, err := Devices(strings.NewReader(`{"value":[`+strings.Join(texts, ",")+`],"@odata.nextLink":null}`), Config{Source: "graph"})
	clean(t, result, err)
	return result
}

func TestBuildBehindTheVersionIsLeftOut(t *testing.T) {
	t.Parallel()
	if got := devices(t, deviceText).Records[0].OSVersion; got != "14.6.1" {
		t.Errorf("got %q", got)
	}
}

func TestNeverSeenIsTheZeroTime(t *testing.T) {
	t.Parallel()
	text := strings.Replace(deviceText, "2026-11-18T04:36:52Z", "0001-01-01T00:00:00Z", 1)
	if got := devices(t, text).Records[0].LastSeen; !got.IsZero() {
		t.Errorf("got %v", got)
	}
}

func TestRemovedDeviceIsTakenOutUnlessItComesBack(t *testing.T) {
	t.Parallel()
	const removed = `{"id":"d1","@removed":{"reason":"deleted"}}`
	tests := []struct {
		name          string
		texts         []string
		records, gone int
	}{
		{"known before", []string{deviceText, removed}, 0, 1},
		{"not in this file", []string{removed}, 0, 1},
		{"twice", []string{removed, deviceText, removed}, 0, 1},
		{"comes back", []string{removed, deviceText}, 1, 0},
		{"comes back later", []string{deviceText, removed, deviceText}, 1, 0},
	}
	for _, test := range tests {
		result := devices(t, test.texts...)
		if len(result.Records) != test.records || len(result.Removed) != test.gone {
			t.Errorf("%s: got %v, removed %v", test.name, result.Records, result.Removed)
		}
		if test.gone == 1 && result.Removed[0] != (evidence.Origin{Source: "graph", ID: "d1"}) {
			t.Errorf("%s: removed %v", test.name, result.Removed)
		}
	}
}
