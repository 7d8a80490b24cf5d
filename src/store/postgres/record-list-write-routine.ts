import { steadyPlans } from './order-key.ts'
import { textOfPlace } from './record-list-tables.ts'

/** Milliseconds of a span in which places are counted: 4.7 hours. */
export const spanMs: number = 2 ** 24
/** Transactions that count at the same time without waiting for each other. */
const shards = 16

/**
 * How records are listed, moved and taken out of lists: whoever calls holds the records.
 *
 * All that changes is worked out first, and what comes and goes at once cancels out: a place that stays is not touched. Counts are kept in shards, of
 * which a transaction has one for itself; locks are tried, never waited for, as long as there are more shards than transactions.
 */
export function recordListWriteRoutines(schema: string): string {
  return `
  -- As they shall be listed (null: not at all): JSON { facets, times: [name], at: [time], text, words }.
  CREATE OR REPLACE FUNCTION ${schema}.list_as(l_collection text[], l_id text[], l_listed jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    -- Most collections have no lists.
    IF coalesce(array_remove(l_listed, NULL), '{}') = '{}' AND NOT EXISTS (
      SELECT FROM ${schema}.record_lists AS k WHERE k.collection = ANY (l_collection)
    ) THEN
      RETURN;
    END IF;
    PERFORM ${schema}.change_listings(
      l_collection, l_id,
      array_agg(l.listed -> 'facets' ORDER BY l.place), array_agg(l.listed -> 'times' ORDER BY l.place),
      array_agg((l.listed -> 'at' ->> 0)::double precision ORDER BY l.place),
      array_agg((l.listed -> 'at' ->> 1)::double precision ORDER BY l.place),
      array_agg((l.listed -> 'at' ->> 2)::double precision ORDER BY l.place),
      array_agg(l.listed ->> 'text' ORDER BY l.place), array_agg(l.listed ->> 'words' ORDER BY l.place)
    ) FROM unnest(l_listed) WITH ORDINALITY AS l (listed, place);
  END $$;

  -- Records that are listed with other facets from now on; the others are left alone.
  CREATE OR REPLACE FUNCTION ${schema}.move_listed(m_collection text[], m_id text[], m_facets jsonb[]) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    PERFORM ${schema}.change_listings(
      array_agg(m.collection), array_agg(m.id), array_agg(k.facets || m.facets), array_agg(k.times),
      array_agg(o.time_0), array_agg(o.time_1), array_agg(o.time_2), array_agg(o.text), array_agg(NULL::text)
    )
    FROM unnest(m_collection, m_id, m_facets) AS m (collection, id, facets)
      CROSS JOIN LATERAL (
        SELECT * FROM ${schema}.record_listings AS l WHERE l.collection = m.collection AND l.id = m.id OFFSET 0
      ) AS o
      JOIN ${schema}.record_lists AS k ON k.list = o.list
    WHERE m.facets <> '{}'
    HAVING count(*) > 0;
  END $$;

  -- Takes their texts from records that are listed, and leaves them where they stand.
  CREATE OR REPLACE FUNCTION ${schema}.erase_listed(e_collection text[], e_id text[]) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    PERFORM ${schema}.change_listings(
      array_agg(o.collection), array_agg(o.id), array_agg(k.facets), array_agg(k.times),
      array_agg(o.time_0), array_agg(o.time_1), array_agg(o.time_2), array_agg(NULL::text), array_agg(NULL::text)
    )
    FROM unnest(e_collection, e_id) AS e (collection, id)
      CROSS JOIN LATERAL (
        SELECT * FROM ${schema}.record_listings AS l WHERE l.collection = e.collection AND l.id = e.id OFFSET 0
      ) AS o
      JOIN ${schema}.record_lists AS k ON k.list = o.list
    WHERE o.text IS NOT NULL
    HAVING count(*) > 0;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.change_listings(
    c_collection text[], c_id text[], c_facets jsonb[], c_times jsonb[],
    c_time_0 double precision[], c_time_1 double precision[], c_time_2 double precision[], c_text text[],
    -- of the text; null where it stays
    c_words text[]
  ) RETURNS void LANGUAGE plpgsql ${steadyPlans} SET enable_nestloop = on AS $$
  DECLARE
    own_shard constant smallint := ${schema}.list_shard();
  BEGIN
    INSERT INTO ${schema}.record_lists (collection, key, facets, times)
    SELECT n.collection, n.key, n.facets, n.times
    FROM (
      SELECT DISTINCT c.collection, e.facets, c.times, ${schema}.list_key(e.facets, c.times) AS key
      FROM unnest(c_collection, c_facets, c_times) AS c (collection, facets, times) CROSS JOIN LATERAL (VALUES (c.facets), (NULL)) AS e (facets)
      WHERE c.times IS NOT NULL
    ) AS n
    WHERE NOT EXISTS (SELECT FROM ${schema}.record_lists AS k WHERE k.collection = n.collection AND k.key = n.key)
    ORDER BY n.collection COLLATE "C", n.key COLLATE "C"
    ON CONFLICT (collection, key) DO NOTHING;

    WITH given AS MATERIALIZED (
      SELECT c.collection, c.id, c.time_0, c.time_1, c.time_2, c.text, c.words, k.list, w.list AS whole,
        o.list AS o_list, o.whole AS o_whole, o.time_0 AS o_time_0, o.time_1 AS o_time_1, o.time_2 AS o_time_2, o.text AS o_text
      FROM unnest(c_collection, c_id, c_facets, c_times, c_time_0, c_time_1, c_time_2, c_text, c_words)
          AS c (collection, id, facets, times, time_0, time_1, time_2, text, words)
        LEFT JOIN LATERAL (
          SELECT * FROM ${schema}.record_lists AS l WHERE l.collection = c.collection AND l.key = ${schema}.list_key(c.facets, c.times) OFFSET 0
        ) AS k ON c.times IS NOT NULL
        LEFT JOIN LATERAL (
          SELECT * FROM ${schema}.record_lists AS l WHERE l.collection = c.collection AND l.key = ${schema}.list_key(NULL, c.times) OFFSET 0
        ) AS w ON c.times IS NOT NULL
        LEFT JOIN LATERAL (
          SELECT * FROM ${schema}.record_listings AS l WHERE l.collection = c.collection AND l.id = c.id OFFSET 0
        ) AS o ON true
    ), changed AS MATERIALIZED (
      SELECT e.list, g.id, e.time_0, e.time_1, e.time_2, e.text, sum(e.by)::integer AS by
      FROM given AS g CROSS JOIN LATERAL (
        VALUES (g.list, g.time_0, g.time_1, g.time_2, g.text, 1), (g.whole, g.time_0, g.time_1, g.time_2, g.text, 1),
          (g.o_list, g.o_time_0, g.o_time_1, g.o_time_2, g.o_text, -1), (g.o_whole, g.o_time_0, g.o_time_1, g.o_time_2, g.o_text, -1)
      ) AS e (list, time_0, time_1, time_2, text, by)
      WHERE e.list IS NOT NULL
      GROUP BY e.list, g.id, e.time_0, e.time_1, e.time_2, e.text HAVING sum(e.by) <> 0
    ), placed AS MATERIALIZED (
      SELECT c.list::bigint * 4 + s.slot AS line, s.at, c.id, s.other_0, s.other_1, ${textOfPlace('s.slot', 'c.text')} AS text, c.by,
        count(*) OVER (PARTITION BY c.list, s.slot, s.at, c.id) > 1 AS is_kept
      FROM changed AS c CROSS JOIN LATERAL (
        VALUES (0, c.time_0, c.time_1, c.time_2), (1, c.time_1, c.time_0, c.time_2), (2, c.time_2, c.time_0, c.time_1)
      ) AS s (slot, at, other_0, other_1)
      WHERE s.at IS NOT NULL
    ), left_places AS (
      DELETE FROM ${schema}.record_places AS p USING (
        SELECT held.row_at FROM placed AS l CROSS JOIN LATERAL (
          SELECT h.ctid AS row_at FROM ${schema}.record_places AS h WHERE h.line = l.line AND h.at = l.at AND h.id = l.id OFFSET 0
        ) AS held
        WHERE l.by = -1 AND NOT l.is_kept
      ) AS l WHERE p.ctid = l.row_at
    ), taken_places AS (
      INSERT INTO ${schema}.record_places (line, at, id, other_0, other_1, text)
      SELECT p.line, p.at, p.id, p.other_0, p.other_1, p.text FROM placed AS p WHERE p.by = 1 ORDER BY p.line, p.at, p.id COLLATE "C"
      -- One whose other times or text have changed stays where it is.
      ON CONFLICT (line, at, id) DO UPDATE SET other_0 = excluded.other_0, other_1 = excluded.other_1, text = excluded.text
    ), totals AS (
      INSERT INTO ${schema}.record_totals AS t (list, shard, records)
      SELECT c.list, own_shard, sum(c.by) FROM changed AS c GROUP BY c.list ORDER BY c.list
      ON CONFLICT (list, shard) DO UPDATE SET records = t.records + excluded.records
    ), spans AS (
      INSERT INTO ${schema}.record_spans AS s (line, span, shard, places, low_0, high_0, low_1, high_1)
      SELECT p.line, floor(p.at / ${spanMs})::bigint AS span, own_shard, sum(p.by),
        min(p.other_0) FILTER (WHERE p.by = 1), max(p.other_0) FILTER (WHERE p.by = 1),
        min(p.other_1) FILTER (WHERE p.by = 1), max(p.other_1) FILTER (WHERE p.by = 1)
      FROM placed AS p GROUP BY p.line, floor(p.at / ${spanMs})::bigint ORDER BY p.line, span
      ON CONFLICT (line, span, shard) DO UPDATE SET places = s.places + excluded.places,
        low_0 = least(s.low_0, excluded.low_0), high_0 = greatest(s.high_0, excluded.high_0),
        low_1 = least(s.low_1, excluded.low_1), high_1 = greatest(s.high_1, excluded.high_1)
    ), unlisted AS (
      DELETE FROM ${schema}.record_listings AS l USING given AS g
      WHERE g.list IS NULL AND g.o_list IS NOT NULL AND l.collection = g.collection AND l.id = g.id
    )
    INSERT INTO ${schema}.record_listings AS l (collection, id, list, whole, time_0, time_1, time_2, text, parts)
    SELECT g.collection, g.id, g.list, g.whole, g.time_0, g.time_1, g.time_2, g.text,
      CASE WHEN g.text <> '' AND g.text IS DISTINCT FROM g.o_text THEN array_to_tsvector(string_to_array(g.words, ' ')) END
    FROM given AS g
    WHERE g.list IS NOT NULL AND (g.list, g.whole, g.time_0, g.time_1, g.time_2, g.text)
      IS DISTINCT FROM (g.o_list, g.o_whole, g.o_time_0, g.o_time_1, g.o_time_2, g.o_text)
    ON CONFLICT (collection, id) DO UPDATE SET list = excluded.list, whole = excluded.whole,
      time_0 = excluded.time_0, time_1 = excluded.time_1, time_2 = excluded.time_2, text = excluded.text,
      parts = CASE WHEN excluded.text IS DISTINCT FROM l.text THEN excluded.parts ELSE l.parts END;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.list_key(k_facets jsonb, k_times jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT coalesce(k_facets::text, '') || k_times::text
  $$;

  -- A shard that is this transaction's alone until its end; shared, when there are more transactions than shards.
  CREATE OR REPLACE FUNCTION ${schema}.list_shard() RETURNS smallint LANGUAGE plpgsql AS $$
  BEGIN
    FOR shard IN 0..${shards - 1} LOOP
      IF pg_try_advisory_xact_lock(hashtext('carabiner ${schema} lists'), shard) THEN RETURN shard; END IF;
    END LOOP;
    RETURN pg_backend_pid() % ${shards};
  END $$;

  -- Takes out what counts nothing any more, with all shards held: nobody counts meanwhile.
  CREATE OR REPLACE FUNCTION ${schema}.tidy_lists() RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    e_line bigint[];
    e_span bigint[];
  BEGIN
    SELECT array_agg(e.line), array_agg(e.span) INTO e_line, e_span
    FROM (SELECT s.line, s.span FROM ${schema}.record_spans AS s GROUP BY s.line, s.span HAVING sum(s.places) = 0) AS e;
    IF e_line IS NULL THEN RETURN; END IF;

    FOR shard IN 0..${shards - 1} LOOP
      PERFORM pg_advisory_xact_lock(hashtext('carabiner ${schema} lists'), shard);
    END LOOP;
    DELETE FROM ${schema}.record_spans AS s USING unnest(e_line, e_span) AS e (line, span)
    WHERE s.line = e.line AND s.span = e.span AND 0 = (
      SELECT sum(o.places) FROM ${schema}.record_spans AS o WHERE o.line = e.line AND o.span = e.span
    );
  END $$;
  `
}
