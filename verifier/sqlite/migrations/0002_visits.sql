-- One line per record of a gate. Texts that are not there are empty.
CREATE TABLE records (
  id               TEXT PRIMARY KEY NOT NULL,
  at               INTEGER NOT NULL,
  -- When the record counts, which is later than at for a check-out by hand whose
  -- gate's clock was behind that of the admission.
  counts_at        INTEGER NOT NULL CHECK (counts_at >= at),
  event            TEXT NOT NULL CHECK (event IN ('admitted', 'refused', 'left')),
  site             TEXT NOT NULL,
  gate             TEXT NOT NULL,
  gate_name        TEXT NOT NULL,
  reason           TEXT NOT NULL,
  code             TEXT NOT NULL,
  offline          INTEGER NOT NULL,
  again            INTEGER NOT NULL,
  decision         TEXT NOT NULL,
  status_issued_at INTEGER,
  -- Of a check-out by hand: the admission it names, and when that was, once known.
  visit            TEXT NOT NULL,
  visit_at         INTEGER,
  issuer           TEXT NOT NULL,
  subject          TEXT NOT NULL,
  status_list      TEXT NOT NULL,
  list_index       INTEGER NOT NULL,
  given_name       TEXT NOT NULL,
  family_name      TEXT NOT NULL,
  organization     TEXT NOT NULL,
  role             TEXT NOT NULL,
  expires          INTEGER,
  CHECK (event <> 'refused' OR (decision = '' AND status_issued_at IS NULL AND visit = ''
    AND issuer = '' AND subject = '' AND status_list = '' AND list_index = 0
    AND given_name = '' AND family_name = '' AND organization = '' AND role = '' AND expires IS NULL)),
  CHECK (event <> 'admitted' OR (issuer <> '' AND subject <> '' AND expires IS NOT NULL AND visit = ''))
) STRICT;
CREATE INDEX records_in_order ON records (site, at, id);
CREATE INDEX records_by_age ON records (counts_at);
CREATE INDEX records_of_person ON records (site, issuer, subject) WHERE issuer <> '';
CREATE INDEX check_outs_of_unknown_visits ON records (visit) WHERE visit <> '' AND visit_at IS NULL;

-- Who is on site: what follows from the records, kept up to date with them.
CREATE TABLE stays (
  site         TEXT NOT NULL,
  issuer       TEXT NOT NULL,
  subject      TEXT NOT NULL,
  visit        TEXT NOT NULL,
  since        INTEGER NOT NULL,
  gate_name    TEXT NOT NULL,
  status_list  TEXT NOT NULL,
  list_index   INTEGER NOT NULL,
  given_name   TEXT NOT NULL,
  family_name  TEXT NOT NULL,
  organization TEXT NOT NULL,
  role         TEXT NOT NULL,
  expires      INTEGER NOT NULL,
  PRIMARY KEY (site, issuer, subject)
) STRICT;
CREATE INDEX stays_by_age ON stays (since);
