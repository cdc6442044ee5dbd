-- What people go by, in the capitals that comparing takes: see store.Fold. It is
-- worked out after this text, in the same transaction.
ALTER TABLE people ADD COLUMN folded_user_name TEXT NOT NULL DEFAULT '';
ALTER TABLE people ADD COLUMN folded_email TEXT NOT NULL DEFAULT '';
CREATE INDEX people_by_user_name ON people (folded_user_name);
CREATE INDEX people_by_email ON people (folded_email);

-- Groups as an identity provider left them. Nothing is drawn from them.
CREATE TABLE groups (
  id   TEXT PRIMARY KEY NOT NULL,
  body TEXT NOT NULL -- JSON
) STRICT;
