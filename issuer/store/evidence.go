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
	// and devices are kept whether or not their person is known yet.
	//
	// It is idempotent: the same import again finds every record unchanged and
	// records no event. Two people with one external id are ErrConflict, naming
	// both; external ids may change hands within one import. A portrait takes the
	// place of the one that its person had; people without one in the import keep
	// theirs, and a portrait of an unknown person is ErrNotFound.
	ApplyImport(ctx context.Context, im Import) (ImportResult, error)
}

// Import is what one delivery from other systems holds.
type Import struct {
	At       time.Time // when it was taken in; zero for now
	By       string    // who or what took it in
	People   []evidence.Person
	Training []evidence.Training
	Devices  []evidence.Device

	Portraits []PersonPortrait // the last of one person counts

	// Withdrawn names training and devices that their source takes back: voided
	// statements, deleted devices. One that is not known is no error.
	WithdrawnTraining []evidence.Origin
	WithdrawnDevices  []evidence.Origin
}

// ImportResult says what an import did. Each record counts once, however often
// the import holds it.
type ImportResult struct {
	People    ImportCount `json:"people"`
	Portraits ImportCount `json:"portraits"`
	Training  ImportCount `json:"training"`
	Devices   ImportCount `json:"devices"`
}

// ImportCount counts the records of one kind.
type ImportCount struct {
	Added     int `json:"added"`
	Changed   int `json:"changed"`
	Unchanged int `json:"unchanged"`
	Removed   int `json:"removed"`
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
	n := len(im.People) + len(im.Training) + len(im.Devices) + len(im.Portraits) + len(im.WithdrawnTraining) + len(im.WithdrawnDevices)
	if n > MaxImportRecords {
		c.fail("it has %d records, at most %d are taken at once: split it", n, MaxImportRecords)
		return c.err
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
