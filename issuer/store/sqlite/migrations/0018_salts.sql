-- What the hashes of a person in events are made with: drawn with the first change
-- after this, and erased with the person.
ALTER TABLE people ADD COLUMN salt BLOB CHECK (salt IS NULL OR length(salt) = 32);
