/** Where records stand, and what they are found by: `keys` tells both, `record_entries` and `record_unique` repeat it in their order. */
export function recordTables(schema: string): string {
  return `
  CREATE TABLE ${schema}.records (
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    version integer NOT NULL,
    value text NOT NULL,
    content bytea,
    erased_at double precision,
    -- JSON: { unique: [text], entries: [[index, entry]] }
    keys text COLLATE "C" NOT NULL,
    -- those before the last write, where that changed them
    former_keys text COLLATE "C",
    tenant text COLLATE "C",
    message_id uuid,
    expires_at double precision,
    PRIMARY KEY (collection, id)
  ) WITH (fillfactor = 80, ${vacuumSoon});
  CREATE INDEX records_expire ON ${schema}.records (expires_at) WHERE expires_at IS NOT NULL;
  CREATE INDEX records_tenant ON ${schema}.records (tenant, collection, id) WHERE tenant IS NOT NULL AND content IS NOT NULL;
  CREATE INDEX records_message ON ${schema}.records (message_id) WHERE message_id IS NOT NULL AND content IS NOT NULL;

  CREATE TABLE ${schema}.record_entries (
    collection text COLLATE "C" NOT NULL,
    index_name text COLLATE "C" NOT NULL,
    entry text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (collection, index_name, entry, id)
  ) WITH (${vacuumSoon});

  -- by digest: a unique text may be longer than an index takes
  CREATE TABLE ${schema}.record_unique (
    collection text COLLATE "C" NOT NULL,
    digest bytea NOT NULL,
    id text COLLATE "C" NOT NULL,
    PRIMARY KEY (collection, digest)
  ) WITH (${vacuumSoon});

  -- what was taken of each window of time, until it is long over
  CREATE TABLE ${schema}.permits (
    key text COLLATE "C" NOT NULL,
    window_ms double precision NOT NULL,
    ends_at double precision NOT NULL,
    forgotten_at double precision NOT NULL,
    granted integer NOT NULL,
    taken integer NOT NULL,
    PRIMARY KEY (key, window_ms, ends_at)
  ) WITH (fillfactor = 50, ${vacuumSoon});
  CREATE INDEX permits_forgotten ON ${schema}.permits (forgotten_at);
  `
}

/** Rows come and go here: what is dead is cleared away before reading has to pass over much of it. */
const vacuumSoon = `
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
  `
