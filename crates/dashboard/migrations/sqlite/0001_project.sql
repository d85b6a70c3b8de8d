PRAGMA application_id = 1347178576; -- "PLNP"

-- Counters, in one row: who has it locked changes the project.
CREATE TABLE project (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  next_item INTEGER NOT NULL,
  front INTEGER NOT NULL,
  next_reordering INTEGER NOT NULL,
  pairs INTEGER NOT NULL,
  dimension INTEGER NOT NULL,
  per_item INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  results_of INTEGER NOT NULL,
  v_items INTEGER NOT NULL,
  v_annotations INTEGER NOT NULL,
  v_queue INTEGER NOT NULL,
  v_models INTEGER NOT NULL,
  v_settings INTEGER NOT NULL
) STRICT;
INSERT INTO project VALUES (1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

-- The last batch of changes of each open store: tells whether a commit that was not answered took place.
CREATE TABLE writers (instance BLOB PRIMARY KEY, batch INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

-- `key` is a hash of the id, which can be longer than an index takes.
CREATE TABLE items (
  number INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  position INTEGER NOT NULL,
  annotators INTEGER NOT NULL,
  finished INTEGER NOT NULL,
  id TEXT NOT NULL
) STRICT;
CREATE INDEX items_open ON items (position) WHERE finished = 0;

-- Apart from the items, so that an annotation does not rewrite long texts.
CREATE TABLE contents (item INTEGER PRIMARY KEY REFERENCES items, data TEXT NOT NULL) STRICT;
CREATE TABLE vectors (item INTEGER PRIMARY KEY REFERENCES items, vector BLOB NOT NULL) STRICT;

CREATE TABLE annotators (
  number INTEGER PRIMARY KEY,
  key BLOB NOT NULL UNIQUE,
  items INTEGER NOT NULL,
  last INTEGER,
  name TEXT NOT NULL
) STRICT;
CREATE TABLE schemes (number INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, name TEXT NOT NULL) STRICT;
CREATE TABLE done (
  annotator INTEGER NOT NULL REFERENCES annotators,
  item INTEGER NOT NULL REFERENCES items,
  PRIMARY KEY (annotator, item)
) STRICT, WITHOUT ROWID;
CREATE TABLE annotations (
  item INTEGER NOT NULL REFERENCES items,
  annotator INTEGER NOT NULL REFERENCES annotators,
  scheme INTEGER NOT NULL REFERENCES schemes,
  at INTEGER NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (item, annotator, scheme)
) STRICT, WITHOUT ROWID;

CREATE TABLE leases (
  annotator INTEGER PRIMARY KEY REFERENCES annotators,
  item INTEGER NOT NULL REFERENCES items,
  until INTEGER NOT NULL
) STRICT;
CREATE INDEX leases_item ON leases (item);
CREATE INDEX leases_until ON leases (until);

-- `state`: 0 applied, 1 undone, 2 undone for good.
CREATE TABLE reorderings (
  number INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  state INTEGER NOT NULL,
  first INTEGER NOT NULL,
  response TEXT NOT NULL
) STRICT;
CREATE INDEX reorderings_state ON reorderings (state, number);
-- Where each moved item stood before; it was moved to `first` + `place`.
CREATE TABLE moves (
  reordering INTEGER NOT NULL REFERENCES reorderings,
  item INTEGER NOT NULL REFERENCES items,
  place INTEGER NOT NULL,
  before INTEGER NOT NULL,
  PRIMARY KEY (reordering, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE projections (
  key BLOB PRIMARY KEY,
  at INTEGER NOT NULL,
  name TEXT NOT NULL,
  meta TEXT NOT NULL,
  ids TEXT NOT NULL,
  coordinates BLOB NOT NULL
) STRICT;
CREATE TABLE drafts (key BLOB PRIMARY KEY, version INTEGER NOT NULL, content TEXT NOT NULL) STRICT;
CREATE TABLE settings (key BLOB PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL) STRICT;
CREATE TABLE results (key BLOB PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL) STRICT;
CREATE TABLE sessions (hash BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
