import { auditRoutine } from './audit-table.ts'
import { claimRoutines } from './claim-routine.ts'
import { erasureRoutine } from './erasure-routine.ts'
import { keyRoutines } from './order-key.ts'
import { enqueueRoutine } from './outbox-routine.ts'
import { permitRoutines } from './permit-routine.ts'
import { recordKeyRoutines } from './record-key-routine.ts'
import { recordListBoundRoutines } from './record-list-bound-routine.ts'
import { recordListLineRoutine } from './record-list-line-routine.ts'
import { recordListReadRoutines } from './record-list-read-routine.ts'
import { recordListSearchRoutines } from './record-list-search-routine.ts'
import { recordListSpanRoutine } from './record-list-spans.ts'
import { recordListStretchRoutine } from './record-list-stretch-routine.ts'
import { recordListParts, recordListTables, recordListTexts } from './record-list-tables.ts'
import { recordListWalkRoutines } from './record-list-walk-routine.ts'
import { recordListWriteRoutines } from './record-list-write-routine.ts'
import { recordReadRoutines } from './record-read-routine.ts'
import { recordTables } from './record-tables.ts'
import { recordWriteRoutines } from './record-write-routine.ts'
import { redeliveryRoutine } from './redelivery-routine.ts'
import { settleRoutines } from './settle-routine.ts'
import { tallyRoutines } from './tally-routine.ts'
import { upkeepRoutines } from './upkeep-routine.ts'

/**
 * What makes the tables, in order. A store's version is how many of these it has seen.
 *
 * Never change one that was released: add another, an empty one for routines that changed. Times are UTC milliseconds with fractions.
 */
const migrations: readonly ((schema: string) => string)[] = [
  /* 1: messages, deliveries, attempts, endpoints, hosts, audit */ (schema) => `
  CREATE TABLE ${schema}.messages (
    id uuid PRIMARY KEY,
    origin text NOT NULL,
    type text NOT NULL,
    content_type text NOT NULL,
    headers text NOT NULL,
    trace_id text NOT NULL,
    tenant text,
    depth integer NOT NULL,
    created_at double precision NOT NULL,
    erased_at double precision,
    body bytea NOT NULL
  );
  CREATE INDEX messages_tenant ON ${schema}.messages (tenant, id) WHERE tenant IS NOT NULL AND erased_at IS NULL;

  CREATE TABLE ${schema}.deliveries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    message_id uuid NOT NULL,
    endpoint text COLLATE "C" NOT NULL,
    state text COLLATE "C" NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'dead', 'cancelled')),
    attempts integer NOT NULL DEFAULT 0,
    due_at double precision NOT NULL,
    order_key text COLLATE "C",
    -- 0 while an earlier delivery of the same endpoint and order key is not settled,
    -- -1 while that is not known: stored in a transaction of somebody else's
    first_of_key smallint NOT NULL CHECK (first_of_key IN (-1, 0, 1)),
    lease_owner text COLLATE "C",
    lease_until double precision,
    last_error text,
    created_at double precision NOT NULL,
    settled_at double precision,
    redelivery_of uuid,
    -- the delivery that a row of redeliveries began with
    redelivery_root uuid,
    -- the redelivery of many that made it
    redelivery_id uuid,
    given_up text COLLATE "C" GENERATED ALWAYS AS (CASE WHEN state IN ('dead', 'cancelled') THEN state END) STORED,
    CHECK ((state = 'sending') = (lease_owner IS NOT NULL)),
    CHECK ((state = 'sending') = (lease_until IS NOT NULL)),
    CHECK ((state IN ('delivered', 'dead', 'cancelled')) = (settled_at IS NOT NULL))
  ) WITH (
    fillfactor = 50,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
  );
  -- No index knows the state or the lease: a claim changes rows where they are, and no index with them. Claims pass over what is being sent.
  CREATE INDEX deliveries_due ON ${schema}.deliveries (endpoint, first_of_key, due_at, seq) WHERE settled_at IS NULL;
  CREATE INDEX deliveries_key ON ${schema}.deliveries (endpoint, order_key, seq)
    WHERE order_key IS NOT NULL AND settled_at IS NULL;
  CREATE UNIQUE INDEX deliveries_first ON ${schema}.deliveries (endpoint, order_key)
    WHERE order_key IS NOT NULL AND settled_at IS NULL AND first_of_key = 1;
  CREATE INDEX deliveries_unplaced ON ${schema}.deliveries (seq) WHERE first_of_key = -1 AND settled_at IS NULL;
  CREATE INDEX deliveries_unsettled ON ${schema}.deliveries (created_at, seq) WHERE settled_at IS NULL;
  CREATE INDEX deliveries_given_up ON ${schema}.deliveries (given_up, created_at, seq) WHERE given_up IS NOT NULL;
  CREATE INDEX deliveries_settled ON ${schema}.deliveries (settled_at) WHERE settled_at IS NOT NULL;
  CREATE INDEX deliveries_message ON ${schema}.deliveries (message_id);
  CREATE INDEX deliveries_created ON ${schema}.deliveries (created_at, seq);
  CREATE INDEX deliveries_endpoint ON ${schema}.deliveries (endpoint, created_at, seq);
  CREATE INDEX deliveries_root ON ${schema}.deliveries (redelivery_root) WHERE redelivery_root IS NOT NULL;
  CREATE INDEX deliveries_made ON ${schema}.deliveries (redelivery_id, due_at) WHERE redelivery_id IS NOT NULL AND settled_at IS NULL;

  -- what was leased together, until it is looked at: whether each is leased still is in its own row
  CREATE TABLE ${schema}.leases (
    owner text COLLATE "C" NOT NULL,
    until double precision NOT NULL,
    delivery_ids uuid[] NOT NULL
  );

  CREATE TABLE ${schema}.attempts (
    delivery_id uuid NOT NULL,
    number integer NOT NULL,
    started_at double precision NOT NULL,
    duration_ms double precision NOT NULL,
    phases text NOT NULL,
    outcome text NOT NULL,
    status integer,
    response_headers text,
    error text,
    response_body bytea,
    PRIMARY KEY (delivery_id, number)
  );

  CREATE TABLE ${schema}.redeliveries (
    id uuid PRIMARY KEY,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    -- which deliveries: JSON of the filter as it was asked for
    filter text NOT NULL,
    actor text NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'done', 'stopped')),
    matched integer NOT NULL,
    redelivered integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    -- the last delivery looked at: its created_at and seq
    reached_at double precision NOT NULL DEFAULT '-infinity',
    reached_seq bigint NOT NULL DEFAULT 0,
    lease_owner text COLLATE "C",
    lease_until double precision,
    created_at double precision NOT NULL,
    finished_at double precision,
    CHECK ((state = 'running') = (finished_at IS NULL))
  );
  CREATE INDEX redeliveries_created ON ${schema}.redeliveries (created_at, seq);
  CREATE INDEX redeliveries_running ON ${schema}.redeliveries (created_at, seq) WHERE state = 'running';

  CREATE TABLE ${schema}.endpoints (
    endpoint text COLLATE "C" PRIMARY KEY,
    circuit text NOT NULL DEFAULT 'closed',
    consecutive_failures integer NOT NULL DEFAULT 0,
    probe_at double precision,
    paused_until double precision,
    disabled_reason text,
    disabled_url text,
    missing_since double precision,
    last_success_at double precision,
    last_error_at double precision,
    last_error text
  ) WITH (fillfactor = 50);

  -- when the next places in time of an endpoint are, for all hosts
  CREATE TABLE ${schema}.rates (
    endpoint text COLLATE "C" PRIMARY KEY,
    taken_from double precision NOT NULL,
    next_at double precision NOT NULL
  ) WITH (fillfactor = 50);

  CREATE TABLE ${schema}.hosts (
    id text COLLATE "C" PRIMARY KEY,
    beat_at double precision NOT NULL
  ) WITH (fillfactor = 50);

  CREATE TABLE ${schema}.audit (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id text COLLATE "C" NOT NULL UNIQUE,
    entity_type text NOT NULL,
    entity_id text NOT NULL,
    action text NOT NULL,
    actor text NOT NULL,
    details text NOT NULL,
    created_at double precision NOT NULL
  );
  CREATE INDEX audit_created ON ${schema}.audit (created_at, seq);
  CREATE INDEX audit_entity ON ${schema}.audit (entity_type, entity_id, created_at);
  `,
  /* 2: records, permits */ recordTables,
  /* 3: which bodies are text */ (schema) => `
  -- Whether a body is UTF-8 without a NUL, so that a claim can tell it as the text it is. Not known of those stored before.
  ALTER TABLE ${schema}.messages ADD COLUMN is_text boolean NOT NULL DEFAULT false;
  DROP FUNCTION IF EXISTS ${schema}.enqueue;
  DROP FUNCTION IF EXISTS ${schema}.claim;
  `,
  /* 4: the audit trail in chains */ (schema) => `
  -- the chain, the place in it, the MAC of the row before, the row's own; NULL in rows that are older than chains
  ALTER TABLE ${schema}.audit ADD COLUMN chain text COLLATE "C", ADD COLUMN position bigint, ADD COLUMN previous text, ADD COLUMN mac text;
  CREATE UNIQUE INDEX audit_place ON ${schema}.audit (chain, position) WHERE chain IS NOT NULL;

  -- where each chain ends, and where retention lets it begin
  CREATE TABLE ${schema}.audit_chains (
    chain text COLLATE "C" PRIMARY KEY,
    position bigint NOT NULL,
    mac text NOT NULL,
    key_id text NOT NULL,
    signature text NOT NULL,
    anchor_position bigint NOT NULL,
    anchor_mac text NOT NULL,
    anchor_key_id text NOT NULL,
    anchor_signature text NOT NULL
  ) WITH (fillfactor = 50);

  -- the names of all chains of a key, a line each
  CREATE TABLE ${schema}.audit_rosters (
    key_id text COLLATE "C" PRIMARY KEY,
    chains text NOT NULL,
    unchained_to bigint NOT NULL,
    signature text NOT NULL
  );

  -- for hosts that are given none
  CREATE TABLE ${schema}.audit_key (key text NOT NULL);
  INSERT INTO ${schema}.audit_key (key)
  SELECT encode(sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'hex');
  `,
  /* 5: a redelivery of a redelivery names the first delivery */ () => '',
  /* 6: patches of records, settlements with what stands beside them */ (schema) => `
  DROP FUNCTION IF EXISTS ${schema}.write_records;
  `,
  /* 7: lists of records */ (schema) => `
  ${recordListTables(schema)}
  DROP FUNCTION IF EXISTS ${schema}.write_records;
  `,
  /* 8: pages of lists are found with less reading */ (schema) => `
  DROP FUNCTION IF EXISTS ${schema}.list_page;
  DROP FUNCTION IF EXISTS ${schema}.list_search;
  DROP FUNCTION IF EXISTS ${schema}.list_part;
  DROP FUNCTION IF EXISTS ${schema}.count_places;
  DROP FUNCTION IF EXISTS ${schema}.walk_beside_asc;
  DROP FUNCTION IF EXISTS ${schema}.walk_beside_desc;
  `,
  /* 9: claims tell their rows in fewer columns */ (schema) => `
  -- What was leased together is read once, all of it: to press it would cost more than it saves.
  ALTER TABLE ${schema}.leases ALTER COLUMN delivery_ids SET STORAGE EXTERNAL;
  DROP FUNCTION IF EXISTS ${schema}.claim;
  `,
  /* 10: texts of lists are searched where they stand */ (schema) => `
  ${recordListParts(schema)}
  DROP FUNCTION IF EXISTS ${schema}.list_search;
  `,
  /* 11: deliveries find room where they are */ (schema) => `
  -- A row is longer while it is leased: a page that was filled by half had no room for the last ones, and each of these changed all indexes.
  ALTER TABLE ${schema}.deliveries SET (fillfactor = 40);
  -- A delivery is entered twice, when it is stored and, beside that, when it is settled: without room for both, a page is searched for dead
  -- entries first, and split then.
  ALTER INDEX ${schema}.deliveries_pkey SET (fillfactor = 45);
  ALTER INDEX ${schema}.deliveries_message SET (fillfactor = 45);
  ALTER INDEX ${schema}.deliveries_created SET (fillfactor = 45);
  ALTER INDEX ${schema}.deliveries_endpoint SET (fillfactor = 45);
  `,
  /* 12: cancellations with rows of the audit trail, erasures of what is listed */ () => '',
  /* 13: the attempt that concludes a delivery stands with it; searches read less to find it */ (
    schema,
  ) => `
  -- The attempt with which it was settled, numbered \`attempts\`: the row is written anew then anyway. All others are rows of \`attempts\`, as are
  -- those of what was settled before.
  ALTER TABLE ${schema}.deliveries
    ADD COLUMN attempt_started_at double precision,
    ADD COLUMN attempt_duration_ms double precision,
    ADD COLUMN attempt_phases text,
    ADD COLUMN attempt_outcome text,
    ADD COLUMN attempt_status integer,
    ADD COLUMN attempt_response_headers text,
    ADD COLUMN attempt_error text,
    ADD COLUMN attempt_response_body bytea;
  ${recordListTexts(schema)}
  DROP FUNCTION IF EXISTS ${schema}.list_search;
  DROP FUNCTION IF EXISTS ${schema}.list_page;
  DROP FUNCTION IF EXISTS ${schema}.sought_lists;
  DROP FUNCTION IF EXISTS ${schema}.time_of_lists;
  `,
]

/** The version of the schema this program works with. */
export const schemaVersion: number = migrations.length

/** What brings the tables from the version that was seen to this program's. */
export function migrationsSince(seen: number, schema: string): readonly string[] {
  return migrations.slice(seen).map((migration) => migration(schema))
}

/** Steps that one statement cannot make, each in one round trip: replaced whenever the version changes. */
export function routines(schema: string): string {
  return [
    keyRoutines(schema),
    enqueueRoutine(schema),
    claimRoutines(schema),
    settleRoutines(schema),
    upkeepRoutines(schema),
    erasureRoutine(schema),
    redeliveryRoutine(schema),
    auditRoutine(schema),
    recordWriteRoutines(schema),
    recordKeyRoutines(schema),
    recordReadRoutines(schema),
    recordListWriteRoutines(schema),
    recordListReadRoutines(schema),
    recordListSearchRoutines(schema),
    recordListLineRoutine(schema),
    recordListStretchRoutine(schema),
    recordListWalkRoutines(schema),
    recordListBoundRoutines(schema),
    recordListSpanRoutine(schema),
    permitRoutines(schema),
    tallyRoutines(schema),
  ].join('\n')
}

/** Where word of changes is sent. */
export function channelOf(schema: string): string {
  return `carabiner_${schema}`
}
