-- When people left for good of late: the next ones wait when these are too many.
CREATE TABLE departures (
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX departures_by_time ON departures (at);
