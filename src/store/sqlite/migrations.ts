import type { DatabaseSync } from 'node:sqlite'

/** Marks a SQLite file as ours (`PRAGMA application_id`): "crbn". */
export const applicationId = 0x6372626e

/**
 * What makes the schema, in order. A store's version (`PRAGMA user_version`) is how many of them it has seen.
 *
 * Never change one that was released: add another. Times are UTC milliseconds, REAL because they may have fractions.
 */
const migrations: readonly string[] = [
  /* 1: messages, deliveries, attempts, endpoints, hosts, audit */ `
  CREATE TABLE messages (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    origin TEXT NOT NULL,
    type TEXT NOT NULL,
    content_type TEXT NOT NULL,
    headers TEXT NOT NULL,
    trace_id TEXT NOT NULL,
    depth INTEGER NOT NULL,
    created_at REAL NOT NULL,
    body BLOB NOT NULL
  ) STRICT;

  CREATE TABLE deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    message_seq INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'dead', 'cancelled')),
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    order_key TEXT,
    -- 0 while an earlier delivery of the same endpoint and order key is not settled
    first_of_key INTEGER NOT NULL CHECK (first_of_key IN (0, 1)),
    lease_owner TEXT,
    lease_until REAL,
    last_error TEXT,
    created_at REAL NOT NULL,
    settled_at REAL,
    redelivery_of TEXT,
    CHECK ((state = 'sending') = (lease_owner IS NOT NULL)),
    CHECK ((state IN ('delivered', 'dead', 'cancelled')) = (settled_at IS NOT NULL))
  ) STRICT;
  CREATE INDEX deliveries_due ON deliveries (endpoint, first_of_key, due_at) WHERE state = 'pending';
  CREATE INDEX deliveries_key ON deliveries (endpoint, order_key)
    WHERE order_key IS NOT NULL AND settled_at IS NULL;
  CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
  CREATE INDEX deliveries_message ON deliveries (message_seq);
  CREATE INDEX deliveries_created ON deliveries (created_at);
  CREATE INDEX deliveries_endpoint ON deliveries (endpoint, created_at);
  CREATE INDEX deliveries_state ON deliveries (state, created_at);

  CREATE TABLE attempts (
    delivery_seq INTEGER NOT NULL,
    number INTEGER NOT NULL,
    started_at REAL NOT NULL,
    duration_ms REAL NOT NULL,
    phases TEXT NOT NULL,
    outcome TEXT NOT NULL,
    status INTEGER,
    response_headers TEXT,
    error TEXT,
    response_body BLOB,
    PRIMARY KEY (delivery_seq, number)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE endpoints (
    endpoint TEXT PRIMARY KEY,
    circuit TEXT NOT NULL,
    consecutive_failures INTEGER NOT NULL,
    probe_at REAL,
    paused_until REAL,
    disabled_reason TEXT,
    disabled_url TEXT,
    last_success_at REAL,
    last_error_at REAL,
    last_error TEXT
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE hosts (
    id TEXT PRIMARY KEY,
    beat_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE audit (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    action TEXT NOT NULL,
    actor TEXT NOT NULL,
    details TEXT NOT NULL,
    created_at REAL NOT NULL
  ) STRICT;
  CREATE INDEX audit_created ON audit (created_at);
  CREATE INDEX audit_entity ON audit (entity_type, entity_id, created_at);

  -- written and emptied again to find out whether the store takes writes
  CREATE TABLE probe (filler BLOB NOT NULL) STRICT;
  `,
  /* 2: endpoints that the assembly does not have */ `
  ALTER TABLE endpoints ADD COLUMN missing_since REAL;
  `,
  /* 3: tenants and erasure, redeliveries of many, rates */ `
  ALTER TABLE messages ADD COLUMN tenant TEXT;
  ALTER TABLE messages ADD COLUMN erased_at REAL;
  CREATE INDEX messages_tenant ON messages (tenant) WHERE tenant IS NOT NULL AND erased_at IS NULL;

  -- the delivery that a row of redeliveries began with
  ALTER TABLE deliveries ADD COLUMN redelivery_root TEXT;
  -- the redelivery of many that made it
  ALTER TABLE deliveries ADD COLUMN redelivery_seq INTEGER;
  UPDATE deliveries SET redelivery_root = redelivery_of WHERE redelivery_of IS NOT NULL;
  CREATE INDEX deliveries_root ON deliveries (redelivery_root) WHERE redelivery_root IS NOT NULL;
  CREATE INDEX deliveries_made ON deliveries (redelivery_seq, due_at)
    WHERE redelivery_seq IS NOT NULL AND settled_at IS NULL;

  CREATE TABLE redeliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    -- which deliveries: JSON of the filter as it was asked for
    filter TEXT NOT NULL,
    actor TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    matched INTEGER NOT NULL,
    redelivered INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0,
    -- the last delivery looked at: its created_at and seq
    reached_at REAL NOT NULL,
    reached_seq INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until REAL,
    created_at REAL NOT NULL,
    finished_at REAL,
    CHECK ((state = 'running') = (finished_at IS NULL))
  ) STRICT;
  CREATE INDEX redeliveries_created ON redeliveries (created_at);
  CREATE INDEX redeliveries_running ON redeliveries (created_at) WHERE state = 'running';

  -- when the next request to an endpoint may be made
  CREATE TABLE rates (
    endpoint TEXT PRIMARY KEY,
    next_at REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  /* 4: deliveries that cost half as much to write: no AUTOINCREMENT, no CHECK, three indexes less to keep up */ `
  CREATE TABLE new_deliveries (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    message_seq INTEGER NOT NULL,
    endpoint TEXT NOT NULL,
    -- pending, sending (with a lease), delivered, dead or cancelled (with settled_at)
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    due_at REAL NOT NULL,
    order_key TEXT,
    -- 0 while an earlier delivery of the same endpoint and order key is not settled
    first_of_key INTEGER NOT NULL,
    lease_owner TEXT,
    lease_until REAL,
    last_error TEXT,
    created_at REAL NOT NULL,
    settled_at REAL,
    redelivery_of TEXT,
    -- the delivery that a row of redeliveries began with
    redelivery_root TEXT,
    -- the redelivery of many that made it
    redelivery_seq INTEGER
  ) STRICT;
  INSERT INTO new_deliveries SELECT seq, id, message_seq, endpoint, state, attempts, due_at, order_key, first_of_key,
    lease_owner, lease_until, last_error, created_at, settled_at, redelivery_of, redelivery_root, redelivery_seq
    FROM deliveries;
  DROP TABLE deliveries;
  ALTER TABLE new_deliveries RENAME TO deliveries;
  CREATE INDEX deliveries_due ON deliveries (endpoint, first_of_key, due_at) WHERE state = 'pending';
  CREATE INDEX deliveries_key ON deliveries (endpoint, order_key)
    WHERE order_key IS NOT NULL AND settled_at IS NULL;
  CREATE INDEX deliveries_settled ON deliveries (settled_at) WHERE settled_at IS NOT NULL;
  CREATE INDEX deliveries_message ON deliveries (message_seq);
  CREATE INDEX deliveries_created ON deliveries (created_at);
  -- most are delivered, and found by deliveries_created
  CREATE INDEX deliveries_state ON deliveries (state, created_at) WHERE state <> 'delivered';
  CREATE INDEX deliveries_root ON deliveries (redelivery_root) WHERE redelivery_root IS NOT NULL;
  CREATE INDEX deliveries_made ON deliveries (redelivery_seq, due_at)
    WHERE redelivery_seq IS NOT NULL AND settled_at IS NULL;
  `,
  /* 5: records of connectors, permits */ `
  CREATE TABLE records (
    seq INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    version INTEGER NOT NULL,
    -- JSON
    value TEXT NOT NULL,
    -- JSON of what stands in the two tables below, if anything
    keys TEXT,
    erased_at REAL,
    tenant TEXT,
    message_id TEXT,
    expires_at REAL,
    content BLOB,
    UNIQUE (collection, id)
  ) STRICT;
  CREATE INDEX records_tenant ON records (tenant) WHERE tenant IS NOT NULL AND content IS NOT NULL;
  CREATE INDEX records_message ON records (message_id) WHERE message_id IS NOT NULL AND content IS NOT NULL;
  CREATE INDEX records_expiry ON records (expires_at) WHERE expires_at IS NOT NULL;

  CREATE TABLE record_entries (
    collection TEXT NOT NULL,
    name TEXT NOT NULL,
    entry TEXT NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (collection, name, entry, id)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE record_unique (
    collection TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (collection, text)
  ) STRICT, WITHOUT ROWID;

  -- what was granted of each key, window by window
  CREATE TABLE permits (
    forget_at REAL NOT NULL,
    key TEXT NOT NULL,
    taken INTEGER NOT NULL,
    PRIMARY KEY (forget_at, key)
  ) STRICT, WITHOUT ROWID;
  `,
  /* 6: the audit trail in chains */ `
  -- the chain, the place in it, the MAC of the row before, the row's own; NULL in rows that are older than chains
  ALTER TABLE audit ADD COLUMN chain TEXT;
  ALTER TABLE audit ADD COLUMN position INTEGER;
  ALTER TABLE audit ADD COLUMN previous TEXT;
  ALTER TABLE audit ADD COLUMN mac TEXT;
  CREATE UNIQUE INDEX audit_place ON audit (chain, position) WHERE chain IS NOT NULL;

  -- where each chain ends, and where retention lets it begin
  CREATE TABLE audit_chains (
    chain TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    mac TEXT NOT NULL,
    key_id TEXT NOT NULL,
    signature TEXT NOT NULL,
    anchor_position INTEGER NOT NULL,
    anchor_mac TEXT NOT NULL,
    anchor_key_id TEXT NOT NULL,
    anchor_signature TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- the names of all chains of a key, a line each
  CREATE TABLE audit_rosters (
    key_id TEXT PRIMARY KEY,
    chains TEXT NOT NULL,
    unchained_to INTEGER NOT NULL,
    signature TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  -- for hosts that are given none
  CREATE TABLE audit_key (key TEXT NOT NULL) STRICT;
  INSERT INTO audit_key (key) VALUES (lower(hex(randomblob(32))));
  `,
  /* 7: lists of records */ `
  -- records with the same facets, and all of a collection
  CREATE TABLE record_lists (
    list INTEGER PRIMARY KEY,
    collection TEXT NOT NULL,
    -- JSON: its facets, null for all; the names of its times
    key TEXT NOT NULL,
    UNIQUE (collection, key)
  ) STRICT;

  -- apart, because they change with each write
  CREATE TABLE record_list_sizes (
    list INTEGER PRIMARY KEY,
    records INTEGER NOT NULL,
    -- of them, those that have no places yet
    waiting INTEGER NOT NULL,
    -- whether its lines are counted in runs
    is_counted INTEGER NOT NULL
  ) STRICT;

  -- how each record is listed
  CREATE TABLE record_listings (
    seq INTEGER PRIMARY KEY,
    list INTEGER NOT NULL,
    whole INTEGER NOT NULL,
    -- the list, as long as it has no places there
    waits_for INTEGER,
    id TEXT NOT NULL,
    time_0 REAL NOT NULL,
    time_1 REAL,
    time_2 REAL,
    text TEXT
  ) STRICT;
  CREATE INDEX record_listings_waiting ON record_listings (waits_for) WHERE waits_for IS NOT NULL;

  -- a list's line: its records in the order of one of its times (line / 4, line % 4), beside the others in their order
  CREATE TABLE record_places (
    line INTEGER NOT NULL,
    at REAL NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    other_0 REAL,
    other_1 REAL,
    PRIMARY KEY (line, at, id)
  ) STRICT, WITHOUT ROWID;

  -- places from here to the next run's: how many, and between what their other times are at most
  CREATE TABLE record_runs (
    line INTEGER NOT NULL,
    at REAL NOT NULL,
    id TEXT NOT NULL,
    places INTEGER NOT NULL,
    low_0 REAL,
    high_0 REAL,
    low_1 REAL,
    high_1 REAL,
    PRIMARY KEY (line, at, id)
  ) STRICT, WITHOUT ROWID;

  -- which records have each part of a text; the texts themselves stand in record_listings
  CREATE VIRTUAL TABLE record_parts USING fts5 (parts, content = '', detail = none, columnsize = 0, tokenize = 'ascii');
  `,
  /* 8: texts of records get into their index many at once */ `
  -- the last of record_listings whose text is in record_parts; those behind it are read one by one
  CREATE TABLE record_parts_end (seq INTEGER NOT NULL) STRICT;
  INSERT INTO record_parts_end (seq) VALUES (0);
  -- parts had three characters
  INSERT INTO record_parts (record_parts) VALUES ('delete-all');
  `,
  /* 9: parts of texts have three characters again */ `
  INSERT INTO record_parts (record_parts) VALUES ('delete-all');
  UPDATE record_parts_end SET seq = 0;
  `,
  /* 10: what texts and times there are in each zone of listed records */ `
  -- rows of record_listings that have texts in record_parts: those of a whole list, 2,048 numbers (seq) each
  CREATE TABLE record_zones (
    whole INTEGER NOT NULL,
    zone INTEGER NOT NULL,
    -- between what their times are at most
    low_0 REAL NOT NULL,
    high_0 REAL NOT NULL,
    low_1 REAL,
    high_1 REAL,
    low_2 REAL,
    high_2 REAL,
    -- a filter of what their texts contain; NULL: it may be anything
    signature BLOB,
    PRIMARY KEY (whole, zone)
  ) STRICT;
  CREATE INDEX record_zones_unsigned ON record_zones (whole) WHERE signature IS NULL;

  -- signatures follow little by little, with what is listed next
  INSERT INTO record_zones (whole, zone, low_0, high_0, low_1, high_1, low_2, high_2)
  SELECT whole, seq / 2048, min(time_0), max(time_0), min(time_1), max(time_1), min(time_2), max(time_2)
  FROM record_listings WHERE seq <= (SELECT seq FROM record_parts_end) AND text <> '' GROUP BY 1, 2;
  `,
]

/** The version of the schema this program works with. */
export const schemaVersion: number = migrations.length

/** Brings the schema up to date, in one transaction, whichever process comes first. */
export function migrate(database: DatabaseSync): void {
  if (storedVersion(database) === schemaVersion) return
  database.exec('BEGIN IMMEDIATE')
  try {
    applyMissing(database)
    database.exec('COMMIT')
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

/** How many migrations a store has seen; 0 for an empty file. */
export function storedVersion(database: DatabaseSync): number {
  return pragma(database, 'user_version')
}

/** A pragma whose value is a number. */
export function pragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name])
}

function applyMissing(database: DatabaseSync): void {
  const seen = storedVersion(database)
  for (const migration of migrations.slice(seen)) database.exec(migration)
  if (seen < schemaVersion) database.exec(`PRAGMA user_version = ${schemaVersion}`)
  database.exec(`PRAGMA application_id = ${applicationId}`)
}
