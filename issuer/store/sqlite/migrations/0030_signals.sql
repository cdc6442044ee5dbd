-- Other systems that hear of changes, as the office registered them.
CREATE TABLE signal_receivers (
  name           TEXT PRIMARY KEY NOT NULL, -- also of their API tokens
  audience       TEXT NOT NULL,
  algorithm      TEXT NOT NULL CHECK (algorithm IN ('ES256', 'RS256')),
  subject_format TEXT NOT NULL CHECK (subject_format IN ('iss_sub', 'opaque')),
  events         TEXT NOT NULL, -- words with a space between
  everybody      INTEGER NOT NULL CHECK (everybody IN (0, 1)),
  badges         INTEGER NOT NULL CHECK (badges IN (0, 1)),
  actor          TEXT NOT NULL,
  created_at     INTEGER NOT NULL
) STRICT;

-- One stream for a receiver, or none.
CREATE TABLE signal_streams (
  id            TEXT PRIMARY KEY NOT NULL,
  receiver      TEXT NOT NULL UNIQUE REFERENCES signal_receivers (name),
  description   TEXT NOT NULL,
  endpoint      TEXT NOT NULL, -- empty: it is polled
  authorization BLOB NOT NULL, -- sealed under a key that is not in here; empty for none
  requested     TEXT NOT NULL,
  delivered     TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('enabled', 'paused', 'disabled')),
  reason        TEXT NOT NULL,
  by_office     INTEGER NOT NULL CHECK (by_office IN (0, 1)),
  created_at    INTEGER NOT NULL,
  verified_at   INTEGER,
  failures      INTEGER NOT NULL, -- in a row
  retry_at      INTEGER,
  trouble       TEXT NOT NULL,
  taken_at      INTEGER,
  lost          INTEGER NOT NULL  -- signals that were given up, ever
) STRICT;

-- Subjects for which a stream does not do what it does by default.
CREATE TABLE signal_subjects (
  stream_id TEXT NOT NULL REFERENCES signal_streams (id),
  subject   TEXT NOT NULL,
  PRIMARY KEY (stream_id, subject)
) STRICT, WITHOUT ROWID;

-- What waits to be taken, one row for each stream. What was taken is deleted.
CREATE TABLE signals (
  number    INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of queuing
  id        TEXT NOT NULL UNIQUE, -- the jti
  stream_id TEXT NOT NULL REFERENCES signal_streams (id),
  type      TEXT NOT NULL,
  subject   TEXT NOT NULL, -- empty: the stream itself
  cause     TEXT NOT NULL, -- the txn
  event     TEXT NOT NULL, -- a JSON object
  same      BLOB NOT NULL CHECK (length(same) = 32),
  queued_at INTEGER NOT NULL,
  due_at    INTEGER NOT NULL,
  refusals  INTEGER NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('waiting', 'refused')),
  note      TEXT NOT NULL,
  UNIQUE (stream_id, same)
) STRICT;
CREATE INDEX signals_waiting ON signals (stream_id, number) WHERE state = 'waiting';
CREATE INDEX signals_refused ON signals (stream_id, number) WHERE state = 'refused';
