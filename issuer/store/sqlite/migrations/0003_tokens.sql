-- API tokens, by the hash of their secret.
CREATE TABLE tokens (
  id         TEXT PRIMARY KEY NOT NULL,
  name       TEXT NOT NULL,
  hash       BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
  scopes     TEXT NOT NULL, -- words with a space between
  actor      TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  revoked_at INTEGER
) STRICT;
