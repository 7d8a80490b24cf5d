import { steadyPlans } from './order-key.ts'
import { spansOfListing } from './record-list-spans.ts'

/** Records that a page is looked for among first. */
export const shortWalk = 400
/** Spans that are looked through at most, from the end of a list: of a year, say. */
const mostSpans = 600

/** Pages of what many records match, found along their order or at the far end of it. */
export function recordListWalkRoutines(schema: string): string {
  return `
  -- The ids of a page of what very many match, found along its order. Null when it begins, or ends, beyond the first so many.
  CREATE OR REPLACE FUNCTION ${schema}.walk_page(
    w_list integer[], w_part text[], w_order integer[], w_range integer[],
    -- whether the lines are those of the whole collection, of which others than are meant have a part, too
    w_is_whole boolean,
    -- a condition for a row l, in which $2 to $5 are the four below
    w_is_meant_row text, w_is_meant boolean[], w_text text, w_from double precision, w_to double precision,
    w_is_up boolean, w_offset bigint, w_limit integer, w_most integer
  ) RETURNS text[] LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_nestloop = on AS $$
  DECLARE
    wanted constant bigint := w_offset + w_limit;
    w_collection constant text := (SELECT k.collection FROM ${schema}.record_lists AS k WHERE k.list = w_list[1]);
    walked text[];
    found text[] := '{}';
    part record;
  BEGIN
    FOR part IN
      SELECT array_agg(s.list) AS lists, array_agg(s.order_slot) AS orders, array_agg(s.range_slot) AS ranges
      FROM (
        SELECT DISTINCT CASE WHEN w_is_whole THEN ${wholeOf(schema, 's.list')} ELSE s.list END AS list, s.part, s.order_slot, s.range_slot
        FROM unnest(w_list, w_part, w_order, w_range) AS s (list, part, order_slot, range_slot)
      ) AS s
      GROUP BY s.part
      ORDER BY CASE WHEN w_is_up THEN s.part END COLLATE "C", CASE WHEN NOT w_is_up THEN s.part END COLLATE "C" DESC
    LOOP
      walked := ${schema}.list_part(part.lists, part.orders, part.ranges, ${manyRecords}, w_from, w_to, w_is_up, 0, w_most);
      EXECUTE 'SELECT $1 || ARRAY('
        || 'SELECT w.id FROM unnest($6) WITH ORDINALITY AS w (id, place) CROSS JOIN LATERAL ('
        || 'SELECT * FROM ${schema}.record_listings AS o WHERE o.collection = $7 AND o.id = w.id OFFSET 0'
        || ') AS l WHERE strpos(l.text, $3) > 0 AND ' || w_is_meant_row || ' ORDER BY w.place LIMIT $8)'
        INTO found USING found, w_is_meant, w_text, w_from, w_to, walked, w_collection, wanted - cardinality(found);
      IF cardinality(found) = wanted THEN RETURN found[w_offset + 1:]; END IF;
      IF cardinality(walked) = w_most THEN RETURN NULL; END IF;
    END LOOP;
    RETURN found[w_offset + 1:];
  END $$;

  -- The ids of a page at the end of an order, of all that stand as far as to a time: the index knows in which spans of time each text is, and passes
  -- over those that none is in. Null when that is too far, or fewer are found than up to the end of the page.
  CREATE OR REPLACE FUNCTION ${schema}.seek_page(
    s_list integer[], s_slot integer, s_time double precision,
    -- a condition for a row l, in which $1 to $5 are the five below
    s_is_meant_row text,
    s_words tsquery, s_is_meant boolean[], s_text text, s_from double precision, s_to double precision,
    s_is_up boolean, s_offset bigint, s_limit integer
  ) RETURNS text[] LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_bitmapscan = on SET enable_indexscan = off
    SET max_parallel_workers_per_gather = 0 AS $$
  DECLARE
    spans constant bigint[] := ${schema}.spans_from(s_slot, s_time, ${schema}.end_of_lines(s_list, s_slot, s_is_up), NOT s_is_up, ${mostSpans});
    found text[];
    way constant text := CASE WHEN s_is_up THEN '' ELSE ' DESC' END;
  BEGIN
    IF spans IS NULL THEN RETURN NULL; END IF;

    EXECUTE format(
      'SELECT ARRAY(SELECT l.id FROM ${schema}.record_listings AS l WHERE l.parts @@ $1 AND ${spansOfListing('l.')} && $6'
        || ' AND l.time_%1$s %2$s $7 AND strpos(l.text, $3) > 0 AND %3$s ORDER BY l.time_%1$s%4$s, l.id%4$s LIMIT $8)',
      s_slot, CASE WHEN s_is_up THEN '<=' ELSE '>=' END, s_is_meant_row, way
    ) INTO found USING s_words, s_is_meant, s_text, s_from, s_to, spans, s_time, s_offset + s_limit;
    RETURN CASE WHEN cardinality(found) = s_offset + s_limit THEN found[s_offset + 1:] END;
  END $$;

  -- The time of the first, or last, record of some lists.
  CREATE OR REPLACE FUNCTION ${schema}.end_of_lines(e_list integer[], e_slot integer, e_is_first boolean) RETURNS double precision LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  BEGIN
    IF e_is_first THEN RETURN (SELECT min(p.at) FROM ${endOf(schema, 'ASC')}); END IF;
    RETURN (SELECT max(p.at) FROM ${endOf(schema, 'DESC')});
  END $$;
  `
}

/** As the number of records of a part: none that is collected before it is sorted. */
const manyRecords = 1_000_000_000

/** The list of all of its collection with times of the same names. */
function wholeOf(schema: string, list: string): string {
  return `(
            SELECT w.list FROM ${schema}.record_lists AS k
              JOIN ${schema}.record_lists AS w ON w.collection = k.collection AND w.key = ${schema}.list_key(NULL, k.times)
            WHERE k.list = ${list}
          )`
}
function endOf(schema: string, order: 'ASC' | 'DESC'): string {
  return `unnest(e_list) AS e (list) CROSS JOIN LATERAL (
      SELECT o.at FROM ${schema}.record_places AS o WHERE o.line = e.list::bigint * 4 + e_slot ORDER BY o.at ${order} LIMIT 1
    ) AS p`
}
