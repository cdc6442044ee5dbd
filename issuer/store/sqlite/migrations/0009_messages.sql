-- What people are told and what is done to devices.
CREATE TABLE messages (
  number       INTEGER PRIMARY KEY AUTOINCREMENT, -- the order of queuing
  id           TEXT NOT NULL UNIQUE,
  key          TEXT NOT NULL,
  person_id    TEXT NOT NULL, -- empty when it is about nobody; not in people: it may have been erased
  kind         TEXT NOT NULL,
  channel      TEXT NOT NULL,
  role         TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  due_at       INTEGER NOT NULL,
  ready_at     INTEGER NOT NULL, -- due_at or, while it is claimed, the end of the lease
  attempts     INTEGER NOT NULL,
  confirmed_by TEXT NOT NULL,
  body         TEXT NOT NULL, -- JSON
  state        TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'dropped', 'dead', 'held')),
  settled_at   INTEGER CHECK ((settled_at IS NULL) = (state = 'waiting')),
  sent_to      TEXT NOT NULL,
  instead      TEXT NOT NULL,
  note         TEXT NOT NULL
) STRICT;
CREATE INDEX messages_ready ON messages (channel, ready_at) WHERE state = 'waiting';
CREATE INDEX messages_in_order ON messages (channel, person_id, number) WHERE state = 'waiting';
CREATE INDEX messages_of_person ON messages (person_id, number);
CREATE INDEX messages_settled ON messages (state, settled_at) WHERE state <> 'waiting';

-- SHA-256 of every key that was ever queued: this outlasts the message.
CREATE TABLE message_keys (
  hash BLOB PRIMARY KEY NOT NULL CHECK (length(hash) = 32)
) STRICT;

-- Devices that were locked by the program and not unlocked since.
CREATE TABLE locks (
  source    TEXT NOT NULL,
  source_id TEXT NOT NULL,
  at        INTEGER NOT NULL,
  PRIMARY KEY (source, source_id)
) STRICT;
