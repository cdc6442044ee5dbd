-- What other systems say about people. Times in every table are microseconds
-- since 1970 in UTC; NULL is the zero time where it is allowed.

-- external_id is NULL only inside an import in which external ids change hands.
CREATE TABLE people (
  id              TEXT PRIMARY KEY NOT NULL,
  external_id     TEXT UNIQUE,
  user_name       TEXT NOT NULL,
  active          INTEGER NOT NULL CHECK (active IN (0, 1)),
  role            TEXT NOT NULL,
  given_name      TEXT NOT NULL,
  family_name     TEXT NOT NULL,
  display_name    TEXT NOT NULL,
  email           TEXT NOT NULL,
  language        TEXT NOT NULL,
  employee_number TEXT NOT NULL,
  organization    TEXT NOT NULL,
  department      TEXT NOT NULL,
  manager_id      TEXT NOT NULL,
  modified        INTEGER
) STRICT;

-- No foreign key from training and devices to people: evidence may arrive first.
-- revision is 1 for a record as it was added and grows with every change.
CREATE TABLE training (
  source             TEXT NOT NULL,
  source_id          TEXT NOT NULL,
  person_external_id TEXT NOT NULL,
  course             TEXT NOT NULL,
  outcome            TEXT NOT NULL,
  at                 INTEGER NOT NULL,
  received           INTEGER,
  revision           INTEGER NOT NULL,
  PRIMARY KEY (source, source_id)
) STRICT;
CREATE INDEX training_of_person ON training (person_external_id, at);

CREATE TABLE devices (
  source     TEXT NOT NULL,
  source_id  TEXT NOT NULL,
  person_id  TEXT NOT NULL,
  name       TEXT NOT NULL,
  os         TEXT NOT NULL,
  os_version TEXT NOT NULL,
  compliance TEXT NOT NULL,
  encrypted  INTEGER NOT NULL CHECK (encrypted IN (0, 1)),
  last_seen  INTEGER,
  serial     TEXT NOT NULL,
  revision   INTEGER NOT NULL,
  PRIMARY KEY (source, source_id)
) STRICT;
CREATE INDEX devices_of_person ON devices (person_id);
