package store

import (
	"context"
	"fmt"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
)

// EvidenceReader answers what is known about people.
type EvidenceReader interface {
	// Person returns the person with this evidence.Person.ID, or ErrNotFound.
	Person(ctx context.Context, id string) (evidence.Person, error)

	// PersonByExternalID returns the person with this
	// evidence.Person.ExternalID, or ErrNotFound.
	PersonByExternalID(ctx context.Context, externalID string) (evidence.Person, error)

	// People returns at most limit people in order of external id, beginning
	// behind the external id after; "" begins at the start. Fewer than limit
	// means the end. limit is 1 to MaxPage, else ErrInvalid.
	People(ctx context.Context, after string, limit int) ([]evidence.Person, error)

	// EvidenceOf returns one person's training, by the time of the attempt, and
	// devices, by origin, as they are at one instant. An unknown person is
	// ErrNotFound; one without evidence is not.
	EvidenceOf(ctx context.Context, personID string) ([]evidence.Training, []evidence.Device, error)

	// Device returns the device of this origin, or ErrNotFound. Without a source it
	// is found by its id alone; of several the one whose source sorts first.
	Device(ctx context.Context, o evidence.Origin) (evidence.Device, error)

	// AllEvidence calls visit for every person in order of external id, with the
	// records EvidenceOf would return, all as they are at one instant. Records
	// that belong to no known person are passed over. visit must not read from
	// the store, since it holds one of few connections; its error ends the walk
	// and is returned as it is.
	AllEvidence(ctx context.Context, visit func(evidence.Person, []evidence.Training, []evidence.Device) error) error
}

// EvidenceWriter takes in what other systems send.
type EvidenceWriter interface {
	// ApplyImport adds and replaces records by their identity: Person.ID for
	// people, Origin for the rest. Of records in one import with one identity
	// the last counts. What the import withdraws is removed after that; training
	// and devices are kept whether or not their person is known yet. Training that
	// was withdrawn once stays out for good, known before or not: a record of it that
	// comes again, out of an old file, counts as unchanged.
	//
	// With each record of training and each device is kept when it came as it is now,
	// and the hash of what it was sent as. One that comes again and says the same
	// leaves both as they are. ExportPerson tells them.
	//
	// It is idempotent: the same import again finds every record unchanged and
	// records no event. Two people with one external id are ErrConflict, naming
	// both; external ids may change hands within one import. A portrait takes the
	// place of the one that its person had; people without one in the import keep
	// theirs, and a portrait of an unknown person is ErrNotFound.
	//
	// Evidence of people who were erased is left out and counted as Erased, so that a
	// source which sends all that it ever had does not bring them back: training whose
	// person's external id, and devices whose person's id, was an identifier of somebody
	// who was erased and is nobody's who is known. Who becomes active in the directory
	// again is known again, and nobody remembers that they were erased: what came
	// meanwhile has to be sent once more. A person who is not active and was erased
	// counts as unchanged.
	//
	// An import that is to be taken in once (Once), and was before, is ErrAlreadyExists.
	//
	// With a judge, everybody whom the import touches is judged in the same
	// transaction: a person who came or changed, one whose training or device came,
	// changed, moved to somebody else or was withdrawn. An import by which more
	// people lose their good standing than MassLimit allows is refused whole, with a
	// *[MassChangeError], unless it is confirmed.
	ApplyImport(ctx context.Context, im Import) (ImportResult, error)
}

// Import is what one delivery from other systems holds.
type Import struct {
	At       time.Time // when it was taken in; zero for now
	By       string    // who or what took it in
	People   []evidence.Person
	Training []evidence.Training
	Devices  []evidence.Device

	// TrainingHashes and DeviceHashes are of what Training and Devices were sent as,
	// in the same order; none for records that nobody sent.
	TrainingHashes []evidence.Hash
	DeviceHashes   []evidence.Hash

	Portraits []PersonPortrait // the last of one person counts

	// Withdrawn names training and devices that their source takes back: voided
	// statements, deleted devices. One that is not known is no error.
	WithdrawnTraining []evidence.Origin
	WithdrawnDevices  []evidence.Origin

	Once OneTime // what brought the import, if that must not be taken in again; zero for nothing

	Judge     Judge     // of whom the import touches; nil judges nobody
	Mark      Mark      // by which erased people are known; nil knows none
	MassLimit MassLimit // the zero value is the default
	Confirmed bool      // an officer knows how many people lose their standing, and wants it

	// DryRun takes nothing in: the answer is what the import would have done.
	DryRun bool
}

// Defaults for the fields of [MassLimit] that are left zero.
const (
	DefaultMassPeople  = 20
	DefaultMassPercent = 10
)

// MassWindow is how long whoever left for good counts against the next who do.
const MassWindow = time.Hour

// MassLimit is how many people may lose their good standing by one import: the
// larger of both. A source that broke must not lock out a company.
type MassLimit struct {
	People  int // 0 for DefaultMassPeople
	Percent int // of those who are in good standing, 0 for DefaultMassPercent, at most 100
}

// Of returns the most people who may lose their standing of that many who are good.
func (m MassLimit) Of(good int) int {
	if m.People == 0 {
		m.People = DefaultMassPeople
	}
	if m.Percent == 0 {
		m.Percent = DefaultMassPercent
	}
	return max(m.People, good*m.Percent/100)
}

// MassChangeError is the answer to an import by which so many people would lose
// their good standing that it looks like a mistake. Nothing of it was taken in.
type MassChangeError struct {
	Losing int // people who would lose their good standing
	Good   int // people who are in good standing
	Limit  int // most that may lose it at once
}

// Error says how many, and who decides.
func (e *MassChangeError) Error() string {
	return fmt.Sprintf("%d of %d people in good standing would lose it at once, %d may: nothing was taken in; look at the source, and have an officer confirm the import if it is right",
		e.Losing, e.Good, e.Limit)
}

// ImportResult says what an import did. Each record counts once, however often
// the import holds it.
type ImportResult struct {
	People    ImportCount `json:"people"`
	Portraits ImportCount `json:"portraits"`
	Training  ImportCount `json:"training"`
	Devices   ImportCount `json:"devices"`

	Judged   int `json:"judged"`   // people
	Losing   int `json:"losing"`   // of them, those who lost their good standing by it
	Messages int `json:"messages"` // that were queued
}

// ImportCount counts the records of one kind.
type ImportCount struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
	Erased    int `json:"erased,omitempty"` // left out, because its person was erased
}

// Changed reports whether the import changed anything.
func (r ImportResult) Changed() bool {
	for _, c := range []ImportCount{r.People, r.Portraits, r.Training, r.Devices} {
		if c.Added+c.Changed+c.Removed > 0 {
			return true
		}
	}
	return false
}

// Validate returns nil, or [ErrInvalid] with the first record and rule broken.
// Engines call it before anything else.
func (im Import) Validate() error {
	c := checker{of: "import"}
	c.required("by", im.By)
	c.time("at", im.At)
	if im.MassLimit.People < 0 || im.MassLimit.Percent < 0 || im.MassLimit.Percent > 100 {
		c.fail("the limit of a mass change is %d people or %d %%: use numbers from 0, and percent up to 100", im.MassLimit.People, im.MassLimit.Percent)
	}
	n := len(im.People) + len(im.Training) + len(im.Devices) + len(im.Portraits) + len(im.WithdrawnTraining) + len(im.WithdrawnDevices)
	if n > MaxImportRecords {
		c.fail("it has %d records, at most %d are taken at once: split it", n, MaxImportRecords)
		return c.err
	}
	if n := len(im.TrainingHashes); n > 0 && n != len(im.Training) {
		c.fail("it has %d hashes of %d records of training", n, len(im.Training))
	}
	if n := len(im.DeviceHashes); n > 0 && n != len(im.Devices) {
		c.fail("it has %d hashes of %d devices", n, len(im.Devices))
	}
	if im.Once != (OneTime{}) {
		c.oneTime(im.Once)
	}
	for i := range im.People {
		checkPerson(&c, &im.People[i])
	}
	for i := range im.Portraits {
		checkPortrait(&c, im.Portraits[i])
	}
	for i := range im.Training {
		checkTraining(&c, &im.Training[i])
	}
	for i := range im.Devices {
		checkDevice(&c, &im.Devices[i])
	}
	for _, o := range im.WithdrawnTraining {
		checkOrigin(&c, "withdrawn training", o)
	}
	for _, o := range im.WithdrawnDevices {
		checkOrigin(&c, "withdrawn device", o)
	}
	return c.err
}

func checkPerson(c *checker, p *evidence.Person) {
	c.of = fmt.Sprintf("person %.64q", p.ID)
	c.required("id", p.ID)
	// Training names people by external id, and pages are ordered by it.
	c.required("external id", p.ExternalID)
	for _, f := range []struct{ name, value string }{
		{"user name", p.UserName}, {"role", p.Role}, {"given name", p.GivenName},
		{"family name", p.FamilyName}, {"display name", p.DisplayName}, {"email", p.Email},
		{"language", p.Language}, {"employee number", p.EmployeeNumber},
		{"organization", p.Organization}, {"department", p.Department}, {"manager", p.ManagerID},
	} {
		c.text(f.name, f.value)
	}
	c.time("modified", p.Modified)
}

func checkTraining(c *checker, r *evidence.Training) {
	checkOrigin(c, "training", r.Origin)
	c.required("person", r.PersonExternalID)
	c.required("course", r.Course)
	c.required("outcome", string(r.Outcome))
	c.requiredTime("time of the attempt", r.At)
	c.time("received", r.Received)
}

func checkDevice(c *checker, d *evidence.Device) {
	checkOrigin(c, "device", d.Origin)
	for _, f := range []struct{ name, value string }{
		{"person", d.PersonID}, {"name", d.Name}, {"operating system", d.OS},
		{"version", d.OSVersion}, {"compliance", string(d.Compliance)}, {"serial", d.Serial},
	} {
		c.text(f.name, f.value)
	}
	c.time("last seen", d.LastSeen)
}

func checkOrigin(c *checker, kind string, o evidence.Origin) {
	c.of = fmt.Sprintf("%s %.64q of %.64q", kind, o.ID, o.Source)
	c.required("source", o.Source)
	c.required("id", o.ID)
}
