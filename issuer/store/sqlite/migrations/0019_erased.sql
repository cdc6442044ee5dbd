-- Marks of the identifiers of people who were erased: hashes under a key that is not
-- in the database. Without a rowid, so that their order says nothing either.
CREATE TABLE erased (
  mark BLOB PRIMARY KEY NOT NULL CHECK (length(mark) = 32)
) STRICT, WITHOUT ROWID;
