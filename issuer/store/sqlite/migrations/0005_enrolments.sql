-- Phones, from the invitation on, and what was handed out to them. Codes and
-- tokens are here as hashes alone.
CREATE TABLE enrolments (
  id                    TEXT PRIMARY KEY NOT NULL,
  person_id             TEXT NOT NULL REFERENCES people (id),
  actor                 TEXT NOT NULL,
  invited_at            INTEGER NOT NULL,
  invitation_expires_at INTEGER NOT NULL,
  code_hash             BLOB NOT NULL UNIQUE CHECK (length(code_hash) = 32),
  tx_code_hash          BLOB NOT NULL CHECK (length(tx_code_hash) = 32),
  attempts_left         INTEGER NOT NULL CHECK (attempts_left >= 0),
  redeemed_at           INTEGER,
  key_thumbprint        TEXT NOT NULL CHECK ((key_thumbprint = '') = (redeemed_at IS NULL)),
  access_hash           BLOB UNIQUE,
  access_expires_at     INTEGER,
  refresh_hash          BLOB UNIQUE,
  refresh_expires_at    INTEGER,
  -- The refresh token before this one, until this one or what came with it is used.
  previous_refresh_hash BLOB UNIQUE,
  ended_at              INTEGER,
  end_reason            TEXT NOT NULL
) STRICT;
CREATE INDEX enrolments_of_person ON enrolments (person_id, invited_at);

CREATE TRIGGER enrolments_are_redeemed_once BEFORE UPDATE OF redeemed_at, key_thumbprint ON enrolments
WHEN OLD.redeemed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an invitation is redeemed once'); END;

CREATE TRIGGER enrolments_end_for_good BEFORE UPDATE OF ended_at ON enrolments
WHEN OLD.ended_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'an enrolment ends for good'); END;

-- One answer with badges. event is what the phone said of it, empty before.
CREATE TABLE deliveries (
  id           TEXT PRIMARY KEY NOT NULL,
  enrolment_id TEXT NOT NULL REFERENCES enrolments (id),
  at           INTEGER NOT NULL,
  event        TEXT NOT NULL
) STRICT;

CREATE TABLE delivered_badges (
  badge_id    TEXT PRIMARY KEY NOT NULL REFERENCES badges (id),
  delivery_id TEXT NOT NULL REFERENCES deliveries (id)
) STRICT;
CREATE INDEX badges_of_delivery ON delivered_badges (delivery_id);

-- What can be used once, until its age alone is reason to refuse it.
CREATE TABLE spent (
  hash       BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32),
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX spent_by_age ON spent (expires_at);
