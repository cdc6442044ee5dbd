-- Pictures of people, each once. They are published by the beginning of their
-- digest, which must therefore be one portrait's alone.
CREATE TABLE portraits (
  digest       BLOB PRIMARY KEY NOT NULL CHECK (length(digest) = 32),
  bytes        BLOB NOT NULL,
  media_type   TEXT NOT NULL,
  width        INTEGER NOT NULL CHECK (width > 0),
  height       INTEGER NOT NULL CHECK (height > 0),
  added_at     INTEGER NOT NULL,
  unused_since INTEGER -- since when nobody has it; NULL while somebody does
) STRICT;
CREATE UNIQUE INDEX portraits_by_name ON portraits (substr(digest, 1, 16));
CREATE INDEX portraits_unused ON portraits (unused_since) WHERE unused_since IS NOT NULL;

-- Beside people, not in it: an import of people replaces their rows.
CREATE TABLE people_portraits (
  person_id TEXT PRIMARY KEY NOT NULL REFERENCES people (id),
  digest    BLOB NOT NULL REFERENCES portraits (digest)
) STRICT;
CREATE INDEX people_of_portrait ON people_portraits (digest);

-- A digest vouches for its bytes.
CREATE TRIGGER portraits_do_not_change BEFORE UPDATE OF digest, bytes, media_type ON portraits
BEGIN SELECT RAISE(ABORT, 'a portrait never changes'); END;
