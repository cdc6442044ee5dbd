package sqlite

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/cyberbadge/cyberbadge/issuer/store"
)

// ExportPerson implements [store.PrivacyWriter]. Going through all events takes a
// while, in which others may write; the event is recorded after it, and before anybody
// has the export.
func (s *Store) ExportPerson(ctx context.Context, r store.ExportRequest) (store.PersonExport, error) {
	if err := r.Validate(); err != nil {
		return store.PersonExport{}, err
	}
	e := store.PersonExport{ID: r.PersonID}
	err := s.snapshot(ctx, func(tx *sql.Tx) error { return export(ctx, tx, &e) })
	if err == nil {
		_, err = change(ctx, s.writer, func(t *tx) (struct{}, error) {
			return struct{}{}, t.record(r.At, r.By, store.PersonExported, r.PersonID, struct {
				Reason string `json:"reason"`
			}{r.Reason})
		})
	}
	if err != nil {
		_, err = described(0, s.writer.orClosed(err), "export person %.64q", r.PersonID)
		return store.PersonExport{}, err
	}
	return e, nil
}

func export(ctx context.Context, q querier, e *store.PersonExport) error {
	var external sql.NullString
	err := q.QueryRowContext(ctx, "SELECT external_id, erased_at FROM people WHERE id = ?", e.ID).Scan(&external, instant{&e.ErasedAt})
	if err != nil {
		return translate(err)
	}
	for _, part := range []struct {
		to      *[]json.RawMessage
		columns string
		from    string
		key     string
	}{
		{&e.Training, trainingColumns + receiptColumns, "training WHERE person_external_id = ? ORDER BY at", external.String},
		{&e.Devices, deviceColumns + receiptColumns, "devices WHERE person_id = ? ORDER BY source, source_id", e.ID},
		{&e.Holds, holdColumns, "holds WHERE person_id = ? ORDER BY at", e.ID},
		{&e.Suspensions, "cause, reason, actor, at", "suspensions WHERE person_id = ? ORDER BY cause", e.ID},
		{&e.Badges, badgeColumns, "badges WHERE person_id = ? ORDER BY prepared_at", e.ID},
		{&e.Enrolments, enrolmentColumns, "enrolments WHERE person_id = ? ORDER BY invited_at", e.ID},
		{&e.Messages, messageColumns, "messages WHERE person_id = ? ORDER BY number", e.ID},
		{&e.Cases, exportedCaseColumns, "cases WHERE person_id = ? ORDER BY number", e.ID},
	} {
		if *part.to, err = exportRows(ctx, q, "SELECT "+part.columns+" FROM "+part.from, part.key); err != nil {
			return err
		}
	}
	if e.Events, err = exportRows(ctx, q, "SELECT "+eventColumns+` FROM events
		WHERE subject = ? OR detail LIKE ? ESCAPE '\' ORDER BY number`, e.ID, mentions(e.ID)); err != nil {
		return err
	}
	if !e.ErasedAt.IsZero() {
		return nil
	}
	if e.Person, err = exportRow(ctx, q, "SELECT "+personColumns+", salt FROM people WHERE id = ?", e.ID); err != nil {
		return err
	}
	if e.Standing, err = exportRow(ctx, q, "SELECT "+recordColumns+" FROM standings WHERE person_id = ?", e.ID); err != nil {
		return err
	}
	return exportPortrait(ctx, q, e)
}

// mentions is the pattern of event details that name a person.
func mentions(id string) string {
	quoted, _ := json.Marshal(id) // of text, which never fails
	return `%"person":` + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(string(quoted)) + "%"
}

func exportPortrait(ctx context.Context, q querier, e *store.PersonExport) error {
	digest, err := portraitOf(ctx, q, e.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	name := digest.Name()
	p, err := queryOne(ctx, q, scanPortrait, selectPortrait, name[:])
	if err == nil {
		e.Portrait = &store.ExportedPortrait{MediaType: p.MediaType, Bytes: p.Bytes}
	}
	return err
}

func exportRow(ctx context.Context, q querier, query string, key string) (json.RawMessage, error) {
	rows, err := exportRows(ctx, q, query, key)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	return rows[0], nil
}

// exportRows writes rows as objects whose members are the columns.
func exportRows(ctx context.Context, q querier, query string, keys ...any) ([]json.RawMessage, error) {
	rows, err := q.QueryContext(ctx, query, keys...)
	if err != nil {
		return nil, translate(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, translate(err)
	}
	all := []json.RawMessage{}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, translate(err)
		}
		object := make(map[string]any, len(columns))
		for i, column := range columns {
			object[column] = exported(column, values[i])
		}
		text, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, translate(rows.Err())
}

// exported gives a column's value as people can read it.
func exported(column string, value any) any {
	switch v := value.(type) {
	case []byte:
		return hex.EncodeToString(v)
	case int64:
		switch {
		case column == "at", column == "until", column == "received", column == "modified", column == "last_seen", strings.HasSuffix(column, "_at"):
			return time.UnixMicro(v).UTC()
		case column == "active", column == "encrypted", column == "eligible":
			return v != 0
		}
	case string:
		if (column == "detail" || column == "body" || column == "reasons" || column == "ladder") && json.Valid([]byte(v)) {
			return json.RawMessage(v)
		}
	}
	return value
}
