-- Officers, their sessions, and what takes two. An officer who is on no list and
-- was signed in has an empty role.
CREATE TABLE officers (
  id           TEXT PRIMARY KEY NOT NULL,
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  name         TEXT NOT NULL,
  email        TEXT NOT NULL,
  role         TEXT NOT NULL CHECK (role IN ('', 'viewer', 'officer', 'admin')),
  actor        TEXT NOT NULL, -- who gave the role; empty before
  changed_at   INTEGER,
  signed_in_at INTEGER,
  UNIQUE (issuer, subject)
) STRICT;

-- The program holds these rules itself; the triggers hold them against mistakes
-- in it and against hands in the database.
CREATE TRIGGER officers_keep_an_admin BEFORE UPDATE OF role ON officers
WHEN OLD.role = 'admin' AND NEW.role <> 'admin' AND (SELECT count(*) FROM officers WHERE role = 'admin') = 1
BEGIN SELECT RAISE(ABORT, 'the last admin stays'); END;

-- Events name them.
CREATE TRIGGER officers_are_kept BEFORE DELETE ON officers
BEGIN SELECT RAISE(ABORT, 'officers are never deleted'); END;

-- By the hash of the secret in the browser's cookie.
CREATE TABLE sessions (
  hash             BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
  officer_id       TEXT NOT NULL REFERENCES officers (id),
  role             TEXT NOT NULL CHECK (role IN ('', 'viewer', 'officer', 'admin')),
  created_at       INTEGER NOT NULL,
  authenticated_at INTEGER,
  seen_at          INTEGER NOT NULL,
  expires_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_of_officer ON sessions (officer_id);
CREATE INDEX sessions_by_age ON sessions (expires_at);

CREATE TABLE proposals (
  number      INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of their making
  id          TEXT NOT NULL UNIQUE,
  kind        TEXT NOT NULL,
  payload     TEXT NOT NULL, -- JSON
  summary     TEXT NOT NULL,
  reason      TEXT NOT NULL,
  actor       TEXT NOT NULL,
  officer_id  TEXT NOT NULL, -- empty for the operator's
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER NOT NULL,
  state       TEXT NOT NULL CHECK (state IN ('open', 'approved', 'executed', 'failed', 'rejected', 'withdrawn')),
  decided_by  TEXT NOT NULL,
  decided_at  INTEGER CHECK ((decided_at IS NULL) = (state = 'open')),
  note        TEXT NOT NULL,
  finished_at INTEGER CHECK ((finished_at IS NULL) = (state NOT IN ('executed', 'failed'))),
  failure     TEXT NOT NULL
) STRICT;
CREATE INDEX proposals_open ON proposals (expires_at) WHERE state = 'open';
CREATE INDEX proposals_approved ON proposals (number) WHERE state = 'approved';

CREATE TRIGGER proposals_go_one_way BEFORE UPDATE OF state ON proposals
WHEN NOT (OLD.state = 'open' AND NEW.state IN ('approved', 'rejected', 'withdrawn')
  OR OLD.state = 'approved' AND NEW.state IN ('executed', 'failed'))
BEGIN SELECT RAISE(ABORT, 'a proposal is decided once and done once'); END;

CREATE TRIGGER proposals_take_two BEFORE UPDATE OF state ON proposals
WHEN NEW.state = 'approved' AND (NEW.decided_by IN ('', OLD.actor) OR NEW.decided_by = 'officer:' || OLD.officer_id)
BEGIN SELECT RAISE(ABORT, 'nobody approves their own proposal'); END;

CREATE TRIGGER proposals_stay_what_they_are BEFORE UPDATE OF id, kind, payload, summary, reason, actor, officer_id, created_at, expires_at ON proposals
BEGIN SELECT RAISE(ABORT, 'what was proposed never changes'); END;

CREATE TRIGGER proposals_are_kept BEFORE DELETE ON proposals
BEGIN SELECT RAISE(ABORT, 'proposals are never deleted'); END;

-- When each API token was last used, to within a minute.
CREATE TABLE token_uses (
  token_id TEXT PRIMARY KEY NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  used_at  INTEGER NOT NULL
) STRICT;
