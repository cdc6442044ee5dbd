-- Each event is chained to the one before it. Events that are there already are
-- chained after this text, in the same transaction.
ALTER TABLE events ADD COLUMN chain BLOB CHECK (chain IS NULL OR length(chain) = 32);

DROP TRIGGER events_are_not_changed;

CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
WHEN OLD.chain IS NOT NULL OR NEW.number <> OLD.number OR NEW.at <> OLD.at OR NEW.actor <> OLD.actor
  OR NEW.kind <> OLD.kind OR NEW.subject <> OLD.subject OR NEW.detail <> OLD.detail
BEGIN SELECT RAISE(ABORT, 'events are never changed'); END;

CREATE TRIGGER events_are_chained BEFORE INSERT ON events
WHEN NEW.chain IS NULL
BEGIN SELECT RAISE(ABORT, 'an event is chained to the one before it'); END;
