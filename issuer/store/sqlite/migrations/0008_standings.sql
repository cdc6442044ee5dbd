-- How people stand, as they were last judged. Everybody has a row; policy is empty
-- before the first judgement. Times are as in people.
CREATE TABLE standings (
  person_id  TEXT PRIMARY KEY NOT NULL REFERENCES people (id),
  policy     TEXT NOT NULL, -- the digest
  judged_at  INTEGER CHECK ((judged_at IS NULL) = (policy = '')),
  eligible   INTEGER NOT NULL CHECK (eligible IN (0, 1)),
  access     TEXT NOT NULL, -- words with a space between
  reasons    TEXT NOT NULL, -- JSON
  changes_at INTEGER,
  next_at    INTEGER CHECK (next_at > judged_at), -- else the same person would be due for ever
  ladder     TEXT NOT NULL -- JSON, the judge's own
) STRICT;
CREATE INDEX standings_due ON standings (next_at, person_id) WHERE next_at IS NOT NULL;
CREATE INDEX standings_of_policy ON standings (policy);
CREATE INDEX standings_good ON standings (eligible) WHERE eligible = 1;

INSERT INTO standings (person_id, policy, eligible, access, reasons, ladder)
SELECT id, '', 0, '', '[]', '' FROM people;

-- Exceptions that officers make.
CREATE TABLE holds (
  id        TEXT PRIMARY KEY NOT NULL,
  person_id TEXT NOT NULL REFERENCES people (id),
  reason    TEXT NOT NULL,
  actor     TEXT NOT NULL,
  at        INTEGER NOT NULL,
  until     INTEGER NOT NULL CHECK (until > at),
  ended_at  INTEGER, -- before its time
  ended_by  TEXT NOT NULL CHECK ((ended_by = '') = (ended_at IS NULL))
) STRICT;
CREATE INDEX holds_of_person ON holds (person_id, at);
CREATE INDEX holds_by_end ON holds (until);

-- Who gets no badge, whatever the standing.
CREATE TABLE suspensions (
  person_id TEXT NOT NULL REFERENCES people (id),
  cause     TEXT NOT NULL,
  reason    TEXT NOT NULL,
  actor     TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (person_id, cause)
) STRICT;

-- Why a badge is suspended: words with a space between. So far only officers did.
ALTER TABLE badges ADD COLUMN causes TEXT NOT NULL DEFAULT '';
UPDATE badges SET causes = 'office' WHERE status = 'suspended';

CREATE TRIGGER badges_are_suspended_for_a_cause BEFORE UPDATE OF status, causes ON badges
WHEN (NEW.status = 'suspended') <> (NEW.causes <> '')
BEGIN SELECT RAISE(ABORT, 'a badge is suspended for a cause'); END;

CREATE TABLE policies (
  number    INTEGER PRIMARY KEY AUTOINCREMENT,
  digest    TEXT NOT NULL,
  text      TEXT NOT NULL,
  effective INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  actor     TEXT NOT NULL
) STRICT;

-- A reason names a device by its id alone.
CREATE INDEX devices_by_id ON devices (source_id, source);
