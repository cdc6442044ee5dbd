-- At which version of its list an entry changed last; 0 for one that has not since
-- this column is there. What changed since a version is read by an index, so that
-- publishing one revocation does not read all that came before it.
ALTER TABLE badges ADD COLUMN entry_version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX badges_changed ON badges (list_id, entry_version, idx, status) WHERE entry_version > 0;
