import { steadyPlans } from './order-key.ts'
import { spanMs } from './record-list-write-routine.ts'

/** Records in a range of another time than the order's that are rather collected than looked for along the order. */
const fewRecords = 1000

/** A page of a list and its total, as one look at the store: the first row has the total and no record. */
export function recordListReadRoutines(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.list_page(
    l_collection text, l_facets jsonb,
    -- the name of a time, or null; and from when to when
    l_range text, l_from double precision, l_to double precision,
    -- what texts shall contain, or null; and a tsquery for the parts of those that may
    l_text text, l_words text,
    l_by text, l_then text, l_is_up boolean, l_offset bigint, l_limit integer, l_content boolean
  ) RETURNS TABLE (
    total bigint, collection text, id text, version integer, value text, content bytea, erased_at double precision
  ) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  DECLARE
    -- the lists it is about: number, value of the facet in the order, slots of the times of the order and the range
    s_list integer[];
    s_part text[];
    s_order integer[];
    s_range integer[];
    s_total bigint[];
    found_total bigint := 0;
    found_id text[] := '{}';
    before bigint := l_offset;
    part record;
  BEGIN
    SELECT array_agg(s.list), array_agg(s.part), array_agg(s.order_slot), array_agg(s.range_slot)
    INTO s_list, s_part, s_order, s_range
    FROM ${schema}.sought_lists(l_collection, l_facets, l_range, l_by, l_then, l_text IS NOT NULL) AS s;

    IF s_list IS NOT NULL AND l_text IS NOT NULL THEN
      SELECT f.total, f.ids INTO found_total, found_id FROM ${schema}.list_search(
        l_collection, s_list, s_part, s_order, s_range, l_from, l_to, l_text, l_words, l_is_up, l_offset, l_limit
      ) AS f;
    ELSIF s_list IS NOT NULL THEN
      s_total := ARRAY(
        SELECT CASE
          WHEN s.range_slot IS NULL THEN
            (SELECT coalesce(sum(t.records), 0) FROM ${schema}.record_totals AS t WHERE t.list = s.list)
          ELSE ${schema}.count_places(s.list::bigint * 4 + s.range_slot, l_from, l_to)
        END
        FROM unnest(s_list, s_range) WITH ORDINALITY AS s (list, range_slot, place) ORDER BY s.place
      );
      found_total := (SELECT sum(t.total) FROM unnest(s_total) AS t (total));
      FOR part IN
        SELECT s.part, sum(s.total) AS total,
          array_agg(s.list) AS lists, array_agg(s.order_slot) AS orders, array_agg(s.range_slot) AS ranges
        FROM unnest(s_list, s_part, s_order, s_range, s_total) AS s (list, part, order_slot, range_slot, total)
        WHERE s.total > 0 GROUP BY s.part
        ORDER BY CASE WHEN l_is_up THEN s.part END COLLATE "C", CASE WHEN NOT l_is_up THEN s.part END COLLATE "C" DESC
      LOOP
        EXIT WHEN cardinality(found_id) = l_limit;
        IF before < part.total THEN
          found_id := found_id || ${schema}.list_part(
            part.lists, part.orders, part.ranges, part.total, l_from, l_to, l_is_up, before, l_limit - cardinality(found_id)
          );
        END IF;
        before := greatest(0, before - part.total);
      END LOOP;
    END IF;

    RETURN QUERY SELECT found_total, NULL::text, NULL::text, NULL::integer, NULL::text, NULL::bytea, NULL::double precision;
    RETURN QUERY
    SELECT NULL::bigint, r.collection, r.id, r.version, r.value, CASE WHEN l_content THEN r.content END, r.erased_at
    FROM unnest(found_id) WITH ORDINALITY AS f (id, place) CROSS JOIN LATERAL (
      SELECT * FROM ${schema}.records AS o WHERE o.collection = l_collection AND o.id = f.id OFFSET 0
    ) AS r
    ORDER BY f.place;
  END $$;

  -- The lists of a query: all of the collection where that will do, else those with its facets. Texts stand by the lists with facets.
  CREATE OR REPLACE FUNCTION ${schema}.sought_lists(
    l_collection text, l_facets jsonb, l_range text, l_by text, l_then text, l_is_search boolean
  ) RETURNS TABLE (list integer, part text, order_slot integer, range_slot integer) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY
    SELECT s.list, s.part, s.order_slot, s.range_slot
    FROM (
      SELECT k.list, CASE WHEN k.times ? l_by THEN '' ELSE k.facets ->> l_by END AS part, ${slotOf('l_range')} AS range_slot,
        CASE WHEN k.times ? l_by THEN ${slotOf('l_by')} WHEN l_then IS NULL THEN 0 ELSE ${slotOf('l_then')} END AS order_slot
      FROM ${schema}.record_lists AS k
      WHERE k.collection = l_collection
        AND (k.facets IS NULL) = (l_facets = '{}' AND NOT l_is_search AND k.times ? l_by)
        AND (k.facets IS NULL OR k.facets @> l_facets)
    ) AS s
    WHERE s.part IS NOT NULL AND s.order_slot IS NOT NULL AND (l_range IS NULL OR s.range_slot IS NOT NULL);
  END $$;

  -- Places of a line between two times: whole spans by their counts, the others one by one.
  CREATE OR REPLACE FUNCTION ${schema}.count_places(c_line bigint, c_from double precision, c_to double precision) RETURNS bigint LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  DECLARE
    -- the first span that is whole, and the first after those
    low constant bigint := ceil(greatest(c_from, -1e16) / ${spanMs})::bigint;
    high constant bigint := greatest(low, floor(least(c_to, 1e16) / ${spanMs})::bigint);
  BEGIN
    RETURN (
      SELECT coalesce(sum(s.places), 0) FROM ${schema}.record_spans AS s WHERE s.line = c_line AND s.span >= low AND s.span < high
    ) + (
      SELECT count(*) FROM ${schema}.record_places AS p
      WHERE p.line = c_line AND p.at >= c_from AND p.at <= c_to AND p.at < low::double precision * ${spanMs}
    ) + (
      SELECT count(*) FROM ${schema}.record_places AS p
      WHERE p.line = c_line AND p.at >= greatest(c_from, high::double precision * ${spanMs}) AND p.at <= c_to
        AND p.at >= low::double precision * ${spanMs}
    );
  END $$;

  -- A page of lists whose records follow each other by time.
  CREATE OR REPLACE FUNCTION ${schema}.list_part(
    p_list integer[], p_order integer[], p_range integer[], p_total numeric, p_from double precision, p_to double precision,
    p_is_up boolean, p_offset bigint, p_limit integer
  ) RETURNS text[] LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  DECLARE
    is_across constant boolean := EXISTS (
      SELECT FROM unnest(p_order, p_range) AS s (order_slot, range_slot) WHERE s.order_slot <> s.range_slot
    );
  BEGIN
    IF is_across AND p_total <= ${fewRecords} THEN ${either((order) => collected(schema, order))}
    ELSIF is_across THEN ${either((order) => alongBeside(schema, order))}
    ELSE ${either((order) => along(schema, order))}
    END IF;
  END $$;

${walkBeside(schema, 'ASC')}${walkBeside(schema, 'DESC')}
  -- Records whose text contains another: all that may be are looked at.
  CREATE OR REPLACE FUNCTION ${schema}.list_search(
    h_collection text, h_list integer[], h_part text[], h_order integer[], h_range integer[],
    h_from double precision, h_to double precision, h_text text, h_words text, h_is_up boolean, h_offset bigint, h_limit integer
  ) RETURNS TABLE (total bigint, ids text[]) LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_bitmapscan = on SET enable_hashjoin = on AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY
    WITH containing AS MATERIALIZED (
      SELECT l.id, l.list, l.time_0, l.time_1, l.time_2
      FROM ${schema}.record_parts AS p CROSS JOIN LATERAL (
        SELECT * FROM ${schema}.record_listings AS o WHERE o.collection = h_collection AND o.id = p.id OFFSET 0
      ) AS l
      WHERE p.parts @@ h_words::tsquery AND p.collection = h_collection AND strpos(l.text, h_text) > 0
    ), sought AS MATERIALIZED (
      SELECT * FROM unnest(h_list, h_part, h_order, h_range) AS s (list, part, order_slot, range_slot)
    ), found AS MATERIALIZED (
      SELECT s.part, c.id, CASE s.order_slot WHEN 0 THEN c.time_0 WHEN 1 THEN c.time_1 ELSE c.time_2 END AS at
      FROM containing AS c JOIN sought AS s ON s.list = c.list
      WHERE s.range_slot IS NULL OR CASE s.range_slot WHEN 0 THEN c.time_0 WHEN 1 THEN c.time_1 ELSE c.time_2 END BETWEEN h_from AND h_to
    )
    SELECT (SELECT count(*) FROM found), CASE WHEN h_is_up THEN ARRAY(
      SELECT f.id FROM found AS f ORDER BY f.part COLLATE "C", f.at, f.id COLLATE "C" OFFSET h_offset LIMIT h_limit
    ) ELSE ARRAY(
      SELECT f.id FROM found AS f ORDER BY f.part COLLATE "C" DESC, f.at DESC, f.id COLLATE "C" DESC OFFSET h_offset LIMIT h_limit
    ) END;
  END $$;
  `
}

type Order = 'ASC' | 'DESC'

/** Which of a list's times one is; null for none. */
function slotOf(name: string): string {
  return `CASE ${name} WHEN k.times ->> 0 THEN 0 WHEN k.times ->> 1 THEN 1 WHEN k.times ->> 2 THEN 2 END`
}

/** The same, up or down. */
function either(select: (order: Order) => string): string {
  return `
      IF p_is_up THEN RETURN ARRAY(${select('ASC')});
      ELSE RETURN ARRAY(${select('DESC')});
      END IF;`
}

const sought = 'unnest(p_list, p_order, p_range) AS s (list, order_slot, range_slot)'

/** Of each line its first, as many as there can be of it on the page and before it. */
function along(schema: string, order: Order): string {
  return `
        SELECT p.id FROM ${sought} CROSS JOIN LATERAL (
          SELECT o.at, o.id FROM ${schema}.record_places AS o
          WHERE o.line = s.list::bigint * 4 + s.order_slot AND o.at >= p_from AND o.at <= p_to
          ORDER BY o.at ${order}, o.id ${order} LIMIT p_offset + p_limit
        ) AS p
        ORDER BY p.at ${order}, p.id ${order} OFFSET p_offset LIMIT p_limit`
}

/** The same, of those whose other time is in the range. */
function alongBeside(schema: string, order: Order): string {
  return `
        SELECT p.id FROM ${sought} CROSS JOIN LATERAL ${schema}.walk_beside_${order}(
          s.list::bigint * 4 + s.order_slot, ${otherOf('s.range_slot', 's.order_slot')}, p_from, p_to, p_offset + p_limit
        ) AS p
        ORDER BY p.at ${order}, p.id ${order} OFFSET p_offset LIMIT p_limit`
}

/** From span to span of a line, without those in which nothing can be, until there are enough. */
function walkBeside(schema: string, order: Order): string {
  const possible = (other: 0 | 1): string => `z.high_${other} >= w_from AND z.low_${other} <= w_to`
  return `
  CREATE OR REPLACE FUNCTION ${schema}.walk_beside_${order}(
    w_line bigint, w_other integer, w_from double precision, w_to double precision, w_wanted bigint
  ) RETURNS TABLE (at double precision, id text) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  DECLARE
    wanted bigint := w_wanted;
    passed bigint;
    possible bigint;
  BEGIN
    FOR possible IN
      SELECT DISTINCT z.span FROM ${schema}.record_spans AS z
      WHERE z.line = w_line AND CASE w_other WHEN 0 THEN ${possible(0)} ELSE ${possible(1)} END
      ORDER BY z.span ${order}
    LOOP
      RETURN QUERY
      SELECT o.at, o.id FROM ${schema}.record_places AS o
      WHERE o.line = w_line AND o.at >= possible::double precision * ${spanMs} AND o.at < (possible + 1)::double precision * ${spanMs}
        AND CASE w_other WHEN 0 THEN o.other_0 ELSE o.other_1 END BETWEEN w_from AND w_to
      ORDER BY o.at ${order}, o.id ${order} LIMIT wanted;
      GET DIAGNOSTICS passed = ROW_COUNT;
      wanted := wanted - passed;
      EXIT WHEN wanted = 0;
    END LOOP;
  END $$;
`
}

/** All of the range, in the order of another time. */
function collected(schema: string, order: Order): string {
  return `
        SELECT p.id FROM ${sought} CROSS JOIN LATERAL (
          SELECT CASE ${otherOf('s.order_slot', 's.range_slot')} WHEN 0 THEN o.other_0 ELSE o.other_1 END AS at, o.id
          FROM ${schema}.record_places AS o
          WHERE o.line = s.list::bigint * 4 + s.range_slot AND o.at >= p_from AND o.at <= p_to
        ) AS p
        ORDER BY p.at ${order}, p.id ${order} OFFSET p_offset LIMIT p_limit`
}

/** Which of the others a time is, in a line by another one. */
function otherOf(slot: string, line: string): string {
  return `CASE WHEN ${slot} < ${line} THEN ${slot} ELSE ${slot} - 1 END`
}
