-- A person who was erased keeps an empty row, since badges refer to it.
ALTER TABLE people ADD COLUMN erased_at INTEGER;

CREATE TRIGGER people_erased_get_no_badge BEFORE INSERT ON badges
WHEN EXISTS (SELECT 1 FROM people WHERE id = NEW.person_id AND erased_at IS NOT NULL)
BEGIN SELECT RAISE(ABORT, 'the person was erased'); END;

CREATE INDEX deliveries_of_enrolment ON deliveries (enrolment_id);
