-- What customers are concerned about. A person who was suspended on a case stays
-- so until the case, or an officer, says otherwise.
CREATE TABLE cases (
  number                INTEGER PRIMARY KEY AUTOINCREMENT,
  id                    TEXT NOT NULL UNIQUE,
  badge_id              TEXT NOT NULL REFERENCES badges (id),
  person_id             TEXT NOT NULL REFERENCES people (id),
  received_at           INTEGER NOT NULL,
  category              TEXT NOT NULL,
  text                  TEXT NOT NULL,
  reporter_name         TEXT NOT NULL,
  reporter_organization TEXT NOT NULL,
  reporter_contact      TEXT NOT NULL,
  suspended_at          INTEGER,
  suspended_by          TEXT NOT NULL CHECK ((suspended_by = '') = (suspended_at IS NULL)),
  outcome               TEXT NOT NULL CHECK (outcome IN ('', 'upheld', 'not_upheld', 'duplicate')),
  note                  TEXT NOT NULL,
  closed_at             INTEGER CHECK ((closed_at IS NULL) = (outcome = '')),
  closed_by             TEXT NOT NULL CHECK ((closed_by = '') = (outcome = ''))
) STRICT;
CREATE INDEX cases_of_person ON cases (person_id, number);
CREATE INDEX cases_open ON cases (number) WHERE outcome = '';
CREATE INDEX cases_closed ON cases (closed_at) WHERE outcome <> '';

CREATE TRIGGER cases_keep_their_outcome BEFORE UPDATE OF outcome ON cases
WHEN OLD.outcome <> '' AND NEW.outcome <> OLD.outcome
BEGIN SELECT RAISE(ABORT, 'a case keeps its outcome'); END;
