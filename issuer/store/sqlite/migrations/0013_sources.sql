-- How far each source that is asked was read.
CREATE TABLE source_cursors (
  name    TEXT PRIMARY KEY NOT NULL,
  cursor  TEXT NOT NULL,
  updated INTEGER NOT NULL
) STRICT;

-- Training that its source took back. It stays out: statements can't be unvoided,
-- and old files have them still. Nobody is named here.
CREATE TABLE withdrawn_training (
  source    TEXT NOT NULL,
  source_id TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (source, source_id)
) STRICT;

-- When what is kept of a record came here, and the SHA-256 of what it was sent as;
-- NULL where nobody said, and for what came before this. (training.received is
-- something else: when the source recorded it.)
ALTER TABLE training ADD COLUMN received_at INTEGER;
ALTER TABLE training ADD COLUMN raw_sha256 BLOB CHECK (raw_sha256 IS NULL OR length(raw_sha256) = 32);
ALTER TABLE devices ADD COLUMN received_at INTEGER;
ALTER TABLE devices ADD COLUMN raw_sha256 BLOB CHECK (raw_sha256 IS NULL OR length(raw_sha256) = 32);
