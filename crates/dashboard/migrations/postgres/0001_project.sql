-- Counters, in one row: who has it locked changes the project.
CREATE TABLE project (
  one BIGINT PRIMARY KEY CHECK (one = 1),
  next_item BIGINT NOT NULL,
  front BIGINT NOT NULL,
  next_reordering BIGINT NOT NULL,
  pairs BIGINT NOT NULL,
  dimension BIGINT NOT NULL,
  per_item BIGINT NOT NULL,
  epoch BIGINT NOT NULL,
  results_of BIGINT NOT NULL,
  v_items BIGINT NOT NULL,
  v_annotations BIGINT NOT NULL,
  v_queue BIGINT NOT NULL,
  v_models BIGINT NOT NULL,
  v_settings BIGINT NOT NULL
) WITH (fillfactor = 50);
INSERT INTO project VALUES (1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

-- The last batch of changes of each open store: tells whether a commit that was not answered took place.
CREATE TABLE writers (instance BYTEA PRIMARY KEY, batch BIGINT NOT NULL, at BIGINT NOT NULL);

-- `key` is a hash of the id, which can be longer than an index takes.
CREATE TABLE items (
  number BIGINT PRIMARY KEY,
  key BYTEA NOT NULL UNIQUE,
  position BIGINT NOT NULL,
  annotators BIGINT NOT NULL,
  finished BIGINT NOT NULL,
  id TEXT NOT NULL
) WITH (fillfactor = 70);
CREATE INDEX items_open ON items (position) WHERE finished = 0;

-- Apart from the items, so that an annotation does not rewrite long texts.
CREATE TABLE contents (item BIGINT PRIMARY KEY REFERENCES items, data TEXT NOT NULL);
CREATE TABLE vectors (item BIGINT PRIMARY KEY REFERENCES items, vector BYTEA NOT NULL);

CREATE TABLE annotators (
  number BIGINT PRIMARY KEY,
  key BYTEA NOT NULL UNIQUE,
  items BIGINT NOT NULL,
  last BIGINT,
  name TEXT NOT NULL
);
CREATE TABLE schemes (number BIGINT PRIMARY KEY, key BYTEA NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE done (
  annotator BIGINT NOT NULL REFERENCES annotators,
  item BIGINT NOT NULL REFERENCES items,
  PRIMARY KEY (annotator, item)
);
CREATE TABLE annotations (
  item BIGINT NOT NULL REFERENCES items,
  annotator BIGINT NOT NULL REFERENCES annotators,
  scheme BIGINT NOT NULL REFERENCES schemes,
  at BIGINT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (item, annotator, scheme)
);

CREATE TABLE leases (
  annotator BIGINT PRIMARY KEY REFERENCES annotators,
  item BIGINT NOT NULL REFERENCES items,
  until BIGINT NOT NULL
);
CREATE INDEX leases_item ON leases (item);
CREATE INDEX leases_until ON leases (until);

-- `state`: 0 applied, 1 undone, 2 undone for good.
CREATE TABLE reorderings (
  number BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  state BIGINT NOT NULL,
  first BIGINT NOT NULL,
  response TEXT NOT NULL
);
CREATE INDEX reorderings_state ON reorderings (state, number);
-- Where each moved item stood before; it was moved to `first` + `place`.
CREATE TABLE moves (
  reordering BIGINT NOT NULL REFERENCES reorderings,
  item BIGINT NOT NULL REFERENCES items,
  place BIGINT NOT NULL,
  before BIGINT NOT NULL,
  PRIMARY KEY (reordering, item)
);

CREATE TABLE projections (
  key BYTEA PRIMARY KEY,
  at BIGINT NOT NULL,
  name TEXT NOT NULL,
  meta TEXT NOT NULL,
  ids TEXT NOT NULL,
  coordinates BYTEA NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE drafts (key BYTEA PRIMARY KEY, version BIGINT NOT NULL, content TEXT NOT NULL);
CREATE TABLE settings (key BYTEA PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE results (key BYTEA PRIMARY KEY, name TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE sessions (hash BYTEA PRIMARY KEY, until BIGINT NOT NULL);
