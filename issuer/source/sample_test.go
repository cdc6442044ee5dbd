package source

import (
	"bytes"
	"testing"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
)

func sampleFile(t testing.TB, name string) *bytes.Reader {
	t.Helper()
	text, err := sample.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.NewReader(text)
}

// clean fails the test unless a file went in whole, and returns what it brought.
func clean[T any](t testing.TB, result Result[T], err error) []T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range result.Problems {
		t.Errorf("problem: %v", problem)
	}
	return result.Records
}

func TestSampleGoesInWhole(t *testing.T) {
	t.Parallel()
	peopleResult, err := People(sampleFile(t, sample.People))
	people := clean(t, peopleResult, err)
	trainingResult, err := Training(sampleFile(t, sample.Training), Config{Source: "lrs", HomePage: "https://hr.vendor.example"})
	training := clean(t, trainingResult, err)
	deviceResult, err := Devices(sampleFile(t, sample.Devices), Config{Source: "graph"})
	devices := clean(t, deviceResult, err)

	if len(people) != 240 || len(training) != 814 || len(devices) != 266 {
		t.Errorf("got %d people, %d training records, %d devices; want 240, 814, 266", len(people), len(training), len(devices))
	}
	if trainingResult.Repeated != 10 {
		t.Errorf("counted %d repeated statements, want 10", trainingResult.Repeated)
	}
	for _, problem := range Check(people, training, devices, []string{"CB-101", "CB-102", "CB-201"}) {
		t.Errorf("check: %v", problem)
	}
}

func TestSamplePersonIsReadWhole(t *testing.T) {
	t.Parallel()
	result, err := People(sampleFile(t, sample.People))
	people := clean(t, result, err)
	want := evidence.Person{
		ID: "93d77717-8c25-e800-7da8-e29227319f89", ExternalID: "0700008", UserName: "u0700008@vendor.example",
		Active: true, Role: "service-manager",
		GivenName: "محمد", FamilyName: "الفارسي", DisplayName: "محمد الفارسي",
		Email: "u0700008@vendor.example", Language: "es-ES", EmployeeNumber: "0700008",
		Organization: "Vendor Services", Department: "Data Centers", Modified: instant(t, "2026-11-22T08:00:00Z"),
	}
	if people[8] != want {
		t.Errorf("got  %+v\nwant %+v", people[8], want)
	}
	if got := people[100].ManagerID; got != want.ID {
		t.Errorf("manager of person 101 is %q, want %q", got, want.ID)
	}
}

func TestSampleTrainingAndDeviceAreReadWhole(t *testing.T) {
	t.Parallel()
	training, err := Training(sampleFile(t, sample.Training), Config{Source: "lrs"})
	wantTraining := evidence.Training{
		Origin:           evidence.Origin{Source: "lrs", ID: "b110cb05-cff9-50d2-9869-1219b23abd73"},
		PersonExternalID: "0700137", Course: "CB-101", Outcome: evidence.Completed,
		At: instant(t, "2025-11-03T13:35:40Z"), Received: instant(t, "2025-11-03T13:37:41Z"),
	}
	if got := clean(t, training, err)[0]; got != wantTraining {
		t.Errorf("got  %+v\nwant %+v", got, wantTraining)
	}
	devices, err := Devices(sampleFile(t, sample.Devices), Config{Source: "graph"})
	wantDevice := evidence.Device{
		Origin:   evidence.Origin{Source: "graph", ID: "47fd2f53-350d-f0bb-bf13-ec2d7c3ed671"},
		PersonID: "817713ad-bb9e-6623-5be9-7b7c03c58b90", Name: "WIN-0700123-0",
		OS: "Windows", OSVersion: "10.0.22631.4429", Compliance: "compliant", Encrypted: true,
		LastSeen: instant(t, "2026-11-18T04:36:52Z"), Serial: "SN7001230",
	}
	if got := clean(t, devices, err)[0]; got != wantDevice {
		t.Errorf("got  %+v\nwant %+v", got, wantDevice)
	}
}

func BenchmarkTraining(b *testing.B) {
	text, err := sample.Files.ReadFile(sample.Training)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := Training(bytes.NewReader(text), Config{Source: "lrs"}); err != nil {
			b.Fatal(err)
		}
	}
}
