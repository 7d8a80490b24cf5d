import { spansOfListing } from './record-list-spans.ts'

/** Lists of records: see docs/store.md. A list's line is its records in the order of one of its times (line / 4, line % 4). */
export function recordListTables(schema: string): string {
  return `
  -- records with the same facets, and all of a collection (facets is null), with times of the same names
  CREATE TABLE ${schema}.record_lists (
    list integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    collection text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    facets jsonb,
    times jsonb NOT NULL,
    UNIQUE (collection, key)
  );

  -- how each record is listed
  CREATE TABLE ${schema}.record_listings (
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    list integer NOT NULL,
    whole integer NOT NULL,
    time_0 double precision NOT NULL,
    time_1 double precision,
    time_2 double precision,
    text text COLLATE "C",
    PRIMARY KEY (collection, id)
  ) WITH (fillfactor = 80, ${vacuumSoon});

  -- where it stands: by one of its times, beside the others in their order
  CREATE TABLE ${schema}.record_places (
    line bigint NOT NULL,
    at double precision NOT NULL,
    id text COLLATE "C" NOT NULL,
    other_0 double precision,
    other_1 double precision,
    PRIMARY KEY (line, at, id) INCLUDE (other_0, other_1)
  ) WITH (${vacuumSoon});

  -- which records have each part of a text
  CREATE TABLE ${schema}.record_parts (
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    parts tsvector NOT NULL,
    PRIMARY KEY (collection, id)
  ) WITH (${vacuumSoon});
  CREATE INDEX record_parts_parts ON ${schema}.record_parts USING gin (parts) WITH (gin_pending_list_limit = 256);

  -- how many records a list has: the sum of all shards, of which each is one transaction's at a time
  CREATE TABLE ${schema}.record_totals (
    list integer NOT NULL,
    shard smallint NOT NULL,
    records bigint NOT NULL,
    PRIMARY KEY (list, shard)
  ) WITH (fillfactor = 30, ${vacuumSoon});

  -- how many places of a line lie in a span of time, and between what their other times are at most
  CREATE TABLE ${schema}.record_spans (
    line bigint NOT NULL,
    span bigint NOT NULL,
    shard smallint NOT NULL,
    places bigint NOT NULL,
    low_0 double precision,
    high_0 double precision,
    low_1 double precision,
    high_1 double precision,
    PRIMARY KEY (line, span, shard)
  ) WITH (fillfactor = 50, ${vacuumSoon});
  `
}

/**
 * The parts of a text, of three characters now, beside the rest of its record's listing: one look at the table tells all that a search asks.
 *
 * Half of each page is left free, so that most records that move from list to list stay on it, and no index is told.
 */
export function recordListParts(schema: string): string {
  return `
  ALTER TABLE ${schema}.record_listings RENAME TO former_listings;
  ALTER INDEX ${schema}.record_listings_pkey RENAME TO former_listings_pkey;
  CREATE TABLE ${schema}.record_listings (
    -- first what a search reads of very many: it stands at the same place in each row
    list integer NOT NULL,
    whole integer NOT NULL,
    time_0 double precision NOT NULL,
    time_1 double precision,
    time_2 double precision,
    collection text COLLATE "C" NOT NULL,
    id text COLLATE "C" NOT NULL,
    text text COLLATE "C",
    -- null where there is nothing to find
    parts tsvector,
    PRIMARY KEY (collection, id)
  ) WITH (fillfactor = 50, ${vacuumSoon});
  INSERT INTO ${schema}.record_listings (collection, id, list, whole, time_0, time_1, time_2, text, parts)
  SELECT l.collection, l.id, l.list, l.whole, l.time_0, l.time_1, l.time_2, l.text, CASE WHEN l.text <> '' THEN (
    SELECT array_to_tsvector(array_agg(DISTINCT left(encode(sha256(convert_to(l.collection, 'UTF8')), 'hex'), 6)
      || encode(convert_to(substr(l.text, place, 3), 'UTF8'), 'hex')))
    FROM generate_series(1, length(l.text)) AS place
  ) END
  FROM ${schema}.former_listings AS l;
  DROP TABLE ${schema}.former_listings, ${schema}.record_parts;
  CREATE INDEX record_listings_parts ON ${schema}.record_listings USING gin (parts) WITH (gin_pending_list_limit = 256);
  `
}

/**
 * Short texts beside the places of a list, in its index: which records of a short list contain what very many do is told by its line alone. And, beside
 * the parts of all texts, in which spans of time each is: what lies before or behind the first that match is known to be none without a look at it.
 */
export function recordListTexts(schema: string): string {
  return `
  ALTER TABLE ${schema}.record_places RENAME TO former_places;
  ALTER INDEX ${schema}.record_places_pkey RENAME TO former_places_pkey;
  CREATE TABLE ${schema}.record_places (
    line bigint NOT NULL,
    at double precision NOT NULL,
    id text COLLATE "C" NOT NULL,
    other_0 double precision,
    other_1 double precision,
    -- in lines by time_0 alone: as it is listed, '' for none; null for a long one
    text text COLLATE "C"
  ) WITH (${vacuumSoon});
  INSERT INTO ${schema}.record_places (line, at, id, other_0, other_1, text)
  SELECT p.line, p.at, p.id, p.other_0, p.other_1, ${textOfPlace('p.line % 4', 'l.text')}
  FROM ${schema}.former_places AS p
    LEFT JOIN ${schema}.record_lists AS k ON p.line % 4 = 0 AND k.list = p.line / 4
    LEFT JOIN ${schema}.record_listings AS l ON l.collection = k.collection AND l.id = p.id
  ORDER BY p.line, p.at, p.id;
  DROP TABLE ${schema}.former_places;
  ALTER TABLE ${schema}.record_places ADD PRIMARY KEY (line, at, id) INCLUDE (other_0, other_1, text);
  DROP INDEX ${schema}.record_listings_parts;
  CREATE INDEX record_listings_parts ON ${schema}.record_listings USING gin (parts, (${spansOfListing('')})) WITH (gin_pending_list_limit = 256);
  `
}

/** Bytes of a text that is kept with its places. */
export const shortText = 64

/** The text that a place of a line by the time of a slot is kept with, as SQL. */
export function textOfPlace(slot: string, text: string): string {
  return `CASE WHEN ${slot} = 0 THEN CASE WHEN octet_length(${text}) > ${shortText} THEN NULL ELSE coalesce(${text}, '') END END`
}

/** Rows come and go here: what is dead is cleared away before reading has to pass over much of it. */
const vacuumSoon = `
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 5000,
    autovacuum_vacuum_insert_scale_factor = 0.02,
    autovacuum_analyze_scale_factor = 0.05,
    autovacuum_vacuum_cost_delay = 0
  `
