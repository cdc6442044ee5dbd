-- Where on the ladder people are, in the judge's own words, so that they can be
-- counted. It was in the judge's JSON alone.
ALTER TABLE standings ADD COLUMN phase TEXT NOT NULL DEFAULT '';
UPDATE standings SET phase = coalesce(ladder ->> '$.phase', '') WHERE ladder <> '';
CREATE INDEX standings_by_phase ON standings (phase);

-- Few messages go to somebody they were not for.
CREATE INDEX messages_instead ON messages (created_at, instead) WHERE instead <> '';
