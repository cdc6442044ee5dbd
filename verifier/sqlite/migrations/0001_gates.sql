-- Codes and sessions are here as hashes alone. Times are milliseconds since 1970.

-- A redeemed invitation is gone: what it said is in its gate.
CREATE TABLE invitations (
  code_hash  BLOB PRIMARY KEY NOT NULL CHECK (length(code_hash) = 32),
  name       TEXT NOT NULL,
  site       TEXT NOT NULL,
  access     TEXT NOT NULL,
  policy     TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  invited_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

CREATE TABLE gates (
  id         TEXT PRIMARY KEY NOT NULL,
  name       TEXT NOT NULL,
  site       TEXT NOT NULL,
  access     TEXT NOT NULL,
  policy     TEXT NOT NULL,
  invited_by TEXT NOT NULL,
  -- An uncompressed point on P-256.
  public_key BLOB NOT NULL CHECK (length(public_key) = 65),
  paired_at  INTEGER NOT NULL,
  seen_at    INTEGER,
  ended_at   INTEGER
) STRICT;
CREATE UNIQUE INDEX one_living_gate_per_key ON gates (public_key) WHERE ended_at IS NULL;

CREATE TRIGGER gates_end_for_good BEFORE UPDATE OF ended_at ON gates
WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a gate ends for good'); END;

-- id grows with every session of a gate: clocks do not.
CREATE TABLE sessions (
  id         INTEGER PRIMARY KEY,
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  gate_id    TEXT NOT NULL REFERENCES gates (id),
  opened_at  INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_gate ON sessions (gate_id);
CREATE INDEX sessions_by_age ON sessions (expires_at);
