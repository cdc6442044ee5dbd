-- A badge's row is its entry in the status list: there is no second place that
-- could say something else.

-- AUTOINCREMENT: the number of a list is never used again.
CREATE TABLE lists (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  size       INTEGER NOT NULL CHECK (size > 0),
  version    INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE badges (
  id            TEXT PRIMARY KEY NOT NULL,
  person_id     TEXT NOT NULL REFERENCES people (id),
  holder_key    TEXT NOT NULL,
  type          TEXT NOT NULL,
  access        TEXT NOT NULL, -- words with a space between
  issued_at     INTEGER NOT NULL,
  expires_at    INTEGER NOT NULL,
  actor         TEXT NOT NULL,
  prepared_at   INTEGER NOT NULL,
  list_id       INTEGER NOT NULL REFERENCES lists (id),
  idx           INTEGER NOT NULL CHECK (idx >= 0),
  state         TEXT NOT NULL CHECK (state IN ('prepared', 'issued')),
  signed_sha256 BLOB CHECK ((signed_sha256 IS NULL) = (state = 'prepared')),
  status        TEXT NOT NULL CHECK (status IN ('valid', 'invalid', 'suspended')),
  status_reason TEXT NOT NULL,
  status_at     INTEGER,
  UNIQUE (list_id, idx)
) STRICT;
CREATE INDEX badges_of_person ON badges (person_id, expires_at);
-- Few badges are not valid, so that reading a list of a million touches few rows.
CREATE INDEX badges_not_valid ON badges (list_id, idx, status) WHERE status <> 'valid';
CREATE INDEX badges_unfinished ON badges (prepared_at) WHERE state = 'prepared';

-- The program holds these rules itself; the triggers hold them against mistakes
-- in it and against hands in the database.
CREATE TRIGGER badges_revocation_is_final BEFORE UPDATE OF status ON badges
WHEN OLD.status = 'invalid' AND NEW.status <> 'invalid'
BEGIN SELECT RAISE(ABORT, 'revocation is final'); END;

CREATE TRIGGER badges_keep_their_index BEFORE UPDATE OF id, list_id, idx ON badges
WHEN OLD.id <> NEW.id OR OLD.list_id <> NEW.list_id OR OLD.idx <> NEW.idx
BEGIN SELECT RAISE(ABORT, 'a badge keeps its index'); END;

CREATE TRIGGER badges_are_kept BEFORE DELETE ON badges
BEGIN SELECT RAISE(ABORT, 'badges are never deleted'); END;

CREATE TRIGGER lists_are_kept BEFORE DELETE ON lists
BEGIN SELECT RAISE(ABORT, 'status lists are never deleted'); END;
