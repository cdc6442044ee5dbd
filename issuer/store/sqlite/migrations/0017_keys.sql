-- Signing keys: their public halves and their lives. The private halves are never
-- in here.
CREATE TABLE keys (
  number       INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of their making
  id           TEXT NOT NULL UNIQUE,
  purpose      TEXT NOT NULL CHECK (purpose IN ('badge', 'list', 'root', 'signal')),
  jwk          TEXT NOT NULL,
  state        TEXT NOT NULL CHECK (state IN ('prepared', 'active', 'retired', 'removed', 'tainted', 'revoked')),
  prepared_at  INTEGER NOT NULL,
  activated_at INTEGER,
  retired_at   INTEGER,
  removed_at   INTEGER,
  tainted_at   INTEGER,
  revoked_at   INTEGER,
  actor        TEXT NOT NULL,
  reason       TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX keys_one_signs ON keys (purpose) WHERE state = 'active';

-- The program holds these rules itself; the triggers hold them against mistakes
-- in it and against hands in the database.
CREATE TRIGGER keys_go_one_way BEFORE UPDATE OF state ON keys
WHEN NOT (OLD.state = 'prepared' AND NEW.state IN ('active', 'retired', 'tainted', 'revoked')
  OR OLD.state = 'active' AND NEW.state IN ('retired', 'tainted')
  OR OLD.state = 'retired' AND NEW.state IN ('removed', 'tainted', 'revoked')
  OR OLD.state = 'tainted' AND NEW.state = 'revoked')
BEGIN SELECT RAISE(ABORT, 'a key never comes back'); END;

CREATE TRIGGER keys_stay_what_they_are BEFORE UPDATE OF number, id, purpose, jwk, prepared_at ON keys
BEGIN SELECT RAISE(ABORT, 'what a key is never changes'); END;

CREATE TRIGGER keys_are_kept BEFORE DELETE ON keys
BEGIN SELECT RAISE(ABORT, 'keys are never deleted'); END;

-- Which key signs a badge; empty for those from before keys were kept, until the
-- first key for badges is adopted.
ALTER TABLE badges ADD COLUMN key_id TEXT NOT NULL DEFAULT '';

CREATE TRIGGER badges_keep_their_key BEFORE UPDATE OF key_id ON badges
WHEN OLD.key_id <> '' AND OLD.key_id <> NEW.key_id
BEGIN SELECT RAISE(ABORT, 'a badge keeps its key'); END;

-- The badges that are live are few beside those that were.
CREATE INDEX badges_by_expiry ON badges (expires_at);
