package issuer_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer"
	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/notify"
	"github.com/cyberbadge/cyberbadge/issuer/policy"
	"github.com/cyberbadge/cyberbadge/issuer/sample"
	"github.com/cyberbadge/cyberbadge/issuer/source"
	"github.com/cyberbadge/cyberbadge/issuer/store"
	"github.com/cyberbadge/cyberbadge/issuer/store/sqlite"
)

// readSample returns the sample's records.
func readSample() (im store.Import, err error) {
	files := make(map[string]*bytes.Reader)
	for _, name := range []string{sample.People, sample.Training, sample.Devices} {
		text, err := sample.Files.ReadFile(name)
		if err != nil {
			return im, err
		}
		files[name] = bytes.NewReader(text)
	}
	people, err := source.People(files[sample.People])
	if err != nil {
		return im, err
	}
	training, err := source.Training(files[sample.Training], source.Config{Source: "xapi"})
	if err != nil {
		return im, err
	}
	devices, err := source.Devices(files[sample.Devices], source.Config{Source: "graph"})
	return store.Import{By: "a test", People: people.Records, Training: training.Records, Devices: devices.Records}, err
}

// sampleRecords are those of readSample.
func sampleRecords(t testing.TB) store.Import {
	t.Helper()
	im, err := readSample()
	if err != nil {
		t.Fatal(err)
	}
	return im
}

// another returns the import with everybody renamed.
func another(im store.Import, n int) store.Import {
	renamed := store.Import{By: im.By}
	of := func(id string) string { return fmt.Sprintf("%s-%d", id, n) }
	for _, p := range im.People {
		p.ID, p.ExternalID = of(p.ID), of(p.ExternalID)
		renamed.People = append(renamed.People, p)
	}
	for _, r := range im.Training {
		r.Origin.ID, r.PersonExternalID = of(r.Origin.ID), of(r.PersonExternalID)
		renamed.Training = append(renamed.Training, r)
	}
	for _, d := range im.Devices {
		d.Origin.ID, d.PersonID = of(d.Origin.ID), of(d.PersonID)
		renamed.Devices = append(renamed.Devices, d)
	}
	return renamed
}

// crowd is a program with that many people, the sample over and over.
func crowd(b *testing.B, people int) program {
	b.Helper()
	config, c := configure(b, sqlite.Config{})
	config.Tell = []issuer.Recipient{{Channel: notify.Mail, To: notify.ToPerson}, {Channel: notify.Mail, To: notify.ToManager}}
	config.LockOut = true
	p, err := issuer.New(config)
	if err != nil {
		b.Fatal(err)
	}
	one := sampleRecords(b)
	for n := 0; n*len(one.People) < people; n++ {
		im := another(one, n)
		if _, err := p.Receive(b.Context(), im); err != nil {
			b.Fatal(err)
		}
	}
	return program{p, c, config.Store.(*sqlite.Store)}
}

// benchmarkPeople is for how many people the bounds are set.
const benchmarkPeople = 100_000

// BenchmarkRejudge_100000PeopleAfterAPolicyChange has everybody judged by another
// policy, durably. At most 30 s are allowed on two cores.
//
//	go test -run xxx -bench Rejudge_100000 -benchtime 3x -timeout 30m ./issuer
func BenchmarkRejudge_100000PeopleAfterAPolicyChange(b *testing.B) {
	p := crowd(b, benchmarkPeople)
	b.ResetTimer()
	for n := range b.N {
		text := fmt.Sprintf("%s\n# %d\n", policy.DefaultYAML(), n)
		text = string(bytes.Replace([]byte(text), []byte("name: Reference policy"), fmt.Appendf(nil, "name: Policy %d", n), 1))
		if _, err := p.ActivatePolicy(context.Background(), []byte(text), time.Time{}, "a test"); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/policy")
}

// BenchmarkReceive_OnePersonAmong100000 takes in a device report that changes one
// person's standing, from the call to the judgement on disk. At most 50 ms are
// allowed. Beside it, turn by turn, as much is written to the disk without a database:
// the longest calls are those in which the disk, or the machine, was busy with
// something else.
//
//	go test -run xxx -bench Receive_One -benchtime 2000x -timeout 30m ./issuer
func BenchmarkReceive_OnePersonAmong100000(b *testing.B) {
	p := crowd(b, benchmarkPeople)
	devices := another(sampleRecords(b), 7).Devices
	bare := newBareDisk(b)
	took, wrote := make([]time.Duration, 0, b.N), make([]time.Duration, 0, b.N)
	b.ResetTimer()
	for n := range b.N {
		d := devices[n%len(devices)]
		d.Compliance = evidence.Compliance([]string{"noncompliant", "compliant"}[n/len(devices)%2])
		start := time.Now()
		if _, err := p.Receive(context.Background(), store.Import{By: "a test", Devices: []evidence.Device{d}}); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		b.StopTimer()
		wrote = append(wrote, bare.write())
		b.StartTimer()
	}
	slices.Sort(took)
	slices.Sort(wrote)
	last := b.N - 1
	b.ReportMetric(milliseconds(took[last*99/100]), "p99-ms")
	b.ReportMetric(milliseconds(took[last]), "longest-ms")
	b.ReportMetric(milliseconds(wrote[last*99/100]), "bare-p99-ms")
	b.ReportMetric(milliseconds(wrote[last]), "bare-longest-ms")
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// bareDisk is a file to which about as much is written as a judgement takes.
type bareDisk struct {
	b    *testing.B
	file *os.File
}

const bytesOfJudgement = 64 << 10

func newBareDisk(b *testing.B) bareDisk {
	b.Helper()
	file, err := os.Create(filepath.Join(b.TempDir(), "bare"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { file.Close() })
	return bareDisk{b, file}
}

// write returns how long it takes until the bytes are on the disk.
func (d bareDisk) write() time.Duration {
	start := time.Now()
	if _, err := d.file.WriteAt(make([]byte, bytesOfJudgement), 0); err != nil {
		d.b.Fatal(err)
	}
	if err := d.file.Sync(); err != nil {
		d.b.Fatal(err)
	}
	return time.Since(start)
}
