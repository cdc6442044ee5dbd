package sqlite

import (
	"database/sql"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/evidence"
	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// receiptColumns are how a record of training or a device came, beside what it
// says.
const receiptColumns = ", received_at, raw_sha256"

// incoming is an import whose evidence is there once each.
type incoming struct {
	store.Import
	training []arrival[evidence.Training]
	devices  []arrival[evidence.Device]
}

// arrival is a record with the hash of what it was sent as.
type arrival[T any] struct {
	record T
	hash   evidence.Hash
}

// arrivals puts records and their hashes together, the last of each key.
func arrivals[T any](records []T, hashes []evidence.Hash, key func(T) evidence.Origin) []arrival[T] {
	all := make([]arrival[T], len(records))
	for i, record := range records {
		all[i].record = record
		if len(hashes) > 0 {
			all[i].hash = hashes[i]
		}
	}
	return lastOfEach(all, func(a arrival[T]) evidence.Origin { return key(a.record) })
}

// sum is the column's value of a hash.
func sum(h evidence.Hash) any {
	if h == (evidence.Hash{}) {
		return nil
	}
	return h[:]
}

// keepOut remembers training that was withdrawn, whether or not it was there: what
// is voided may come after its voiding.
func keepOut(t *tx, withdrawn []evidence.Origin, at time.Time) error {
	for _, o := range withdrawn {
		_, err := t.Exec("INSERT INTO withdrawn_training (source, source_id, at) VALUES (?, ?, ?) ON CONFLICT (source, source_id) DO NOTHING",
			o.Source, o.ID, micros(at))
		if err != nil {
			return err
		}
	}
	return nil
}

// IS DISTINCT FROM compares NULL, the zero time, like any value; the other columns
// are never NULL. How a record came does not make it another one.

func upsertTraining(t *tx, a arrival[evidence.Training], at time.Time) *sql.Row {
	r := a.record
	return t.QueryRow(`INSERT INTO training (`+trainingColumns+receiptColumns+`, revision) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, 1
		WHERE NOT EXISTS (SELECT 1 FROM withdrawn_training WHERE source = ? AND source_id = ?)
		ON CONFLICT (source, source_id) DO UPDATE SET
			person_external_id = excluded.person_external_id, course = excluded.course,
			outcome = excluded.outcome, at = excluded.at, received = excluded.received,
			received_at = excluded.received_at, raw_sha256 = excluded.raw_sha256,
			revision = training.revision + 1
		WHERE training.person_external_id <> excluded.person_external_id OR training.course <> excluded.course
			OR training.outcome <> excluded.outcome OR training.at <> excluded.at
			OR training.received IS DISTINCT FROM excluded.received
		RETURNING revision`,
		r.Origin.Source, r.Origin.ID, r.PersonExternalID, r.Course, r.Outcome, micros(r.At), micros(r.Received),
		micros(at), sum(a.hash), r.Origin.Source, r.Origin.ID)
}

func upsertDevice(t *tx, a arrival[evidence.Device], at time.Time) *sql.Row {
	d := a.record
	return t.QueryRow(`INSERT INTO devices (`+deviceColumns+receiptColumns+`, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)
		ON CONFLICT (source, source_id) DO UPDATE SET
			person_id = excluded.person_id, name = excluded.name, os = excluded.os, os_version = excluded.os_version,
			compliance = excluded.compliance, encrypted = excluded.encrypted, last_seen = excluded.last_seen,
			serial = excluded.serial, received_at = excluded.received_at, raw_sha256 = excluded.raw_sha256,
			revision = devices.revision + 1
		WHERE devices.person_id <> excluded.person_id OR devices.name <> excluded.name
			OR devices.os <> excluded.os OR devices.os_version <> excluded.os_version
			OR devices.compliance <> excluded.compliance OR devices.encrypted <> excluded.encrypted
			OR devices.last_seen IS DISTINCT FROM excluded.last_seen OR devices.serial <> excluded.serial
		RETURNING revision`,
		d.Origin.Source, d.Origin.ID, d.PersonID, d.Name, d.OS, d.OSVersion,
		d.Compliance, d.Encrypted, micros(d.LastSeen), d.Serial, micros(at), sum(a.hash))
}
