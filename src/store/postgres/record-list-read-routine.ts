import { steadyPlans } from './order-key.ts'
import { spanMs } from './record-list-write-routine.ts'

/** Records in a range of another time than the order's that are rather collected than looked for along the order. */
const fewRecords = 1000
/** No span lies before the one, or behind the other: times are such that a Date can have. */
const leastSpan = '-1000000000::bigint'
const greatestSpan = '1000000000::bigint'

/** A page of a list and its total, as one look at the store: the first row has the total and no record. */
export function recordListReadRoutines(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.list_page(
    l_collection text, l_facets jsonb,
    -- the name of a time, or null; and from when to when
    l_range text, l_from double precision, l_to double precision,
    -- what texts shall contain, or null; the parts of those that may, each as a tsquery; whether all that have them do; and how many are counted at most
    l_text text, l_words text[], l_is_certain boolean, l_most bigint,
    l_by text, l_then text, l_is_up boolean, l_offset bigint, l_limit integer, l_content boolean
  ) RETURNS TABLE (
    total bigint, collection text, id text, version integer, value text, content bytea, erased_at double precision
  ) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  DECLARE
    -- a search of all that a collection lists: one number is the same in all of its rows
    is_whole constant boolean := l_words IS NOT NULL AND l_facets = '{}' AND NOT EXISTS (
      SELECT FROM ${schema}.record_lists AS k WHERE k.collection = l_collection AND NOT k.times ? l_by
    );
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
    -- the first span that is whole within the range, and the first after those
    low constant bigint := ceil(greatest(l_from, -1e16) / ${spanMs})::bigint;
    high constant bigint := greatest(low, floor(least(l_to, 1e16) / ${spanMs})::bigint);
  BEGIN
    SELECT array_agg(s.list), array_agg(s.part), array_agg(s.order_slot), array_agg(s.range_slot)
    INTO s_list, s_part, s_order, s_range
    FROM ${schema}.sought_lists(l_collection, l_facets, l_range, l_by, l_then, l_words IS NULL OR is_whole) AS s;

    IF s_list IS NOT NULL AND l_words IS NOT NULL THEN
      SELECT f.total, f.ids INTO found_total, found_id FROM ${schema}.list_search(
        CASE WHEN is_whole THEN 'whole' ELSE 'list' END, s_list, s_part, s_order, s_range,
        l_from, l_to, l_text, l_words, l_is_certain, l_most, l_is_up, l_offset, l_limit
      ) AS f;
    ELSIF s_list IS NOT NULL THEN
      s_total := ARRAY(
        SELECT CASE
          WHEN s.range_slot IS NULL THEN
            (SELECT coalesce(sum(t.records), 0) FROM ${schema}.record_totals AS t WHERE t.list = s.list)
          ELSE ${countPlaces(schema)}
        END
        FROM unnest(s_list, s_range) WITH ORDINALITY AS s (list, range_slot, place) ORDER BY s.place
      );
      found_total := (SELECT sum(t.total) FROM unnest(s_total) AS t (total));
      FOR part IN
        SELECT s.part, sum(s.total) AS total,
          array_agg(s.list ORDER BY s.total DESC) AS lists, array_agg(s.order_slot ORDER BY s.total DESC) AS orders,
          array_agg(s.range_slot ORDER BY s.total DESC) AS ranges
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

  -- The lists of a query: all of the collection where that will do, else those with its facets.
  CREATE OR REPLACE FUNCTION ${schema}.sought_lists(
    l_collection text, l_facets jsonb, l_range text, l_by text, l_then text, l_may_be_whole boolean
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
        AND (k.facets IS NULL) = (l_facets = '{}' AND l_may_be_whole AND k.times ? l_by)
        AND (k.facets IS NULL OR k.facets @> l_facets)
    ) AS s
    WHERE s.part IS NOT NULL AND s.order_slot IS NOT NULL AND (l_range IS NULL OR s.range_slot IS NOT NULL);
  END $$;

  -- A page of lists whose records follow each other by time. The first has the most of them.
  CREATE OR REPLACE FUNCTION ${schema}.list_part(
    p_list integer[], p_order integer[], p_range integer[], p_total numeric, p_from double precision, p_to double precision,
    p_is_up boolean, p_offset bigint, p_limit integer
  ) RETURNS text[] LANGUAGE plpgsql STABLE AS $$
  DECLARE
    is_across constant boolean := EXISTS (
      SELECT FROM unnest(p_order, p_range) AS s (order_slot, range_slot) WHERE s.order_slot <> s.range_slot
    );
    -- between which spans the page is looked for
    s_first bigint := ${leastSpan};
    s_last bigint := ${greatestSpan};
  BEGIN
    IF is_across AND p_total <= ${fewRecords} THEN ${either((order) => collected(schema, order))}
    ELSIF is_across THEN
      IF cardinality(p_list) > 1 THEN
        -- Where all of the collection has nothing in the range, no list has.
        SELECT coalesce(min(w.low), s_first), coalesce(max(w.high), s_last) INTO s_first, s_last
        FROM ${schema}.spans_of_whole(p_list, p_order, p_range, p_from, p_to, p_is_up) AS w;
        -- What is behind a page of the first list is not on the page.
        IF p_is_up THEN
          s_last := coalesce((${lastSpan(schema, 'ASC')}), s_last);
        ELSE
          s_first := coalesce((${lastSpan(schema, 'DESC')}), s_first);
        END IF;
      END IF;
${either((order) => alongBeside(schema, order))}
    ELSE ${either((order) => along(schema, order))}
    END IF;
  END $$;

  -- The span before which, or behind which, nothing of the collections of these lists is in a range of another time.
  CREATE OR REPLACE FUNCTION ${schema}.spans_of_whole(
    w_list integer[], w_order integer[], w_range integer[], w_from double precision, w_to double precision, w_is_up boolean
  ) RETURNS TABLE (low bigint, high bigint) LANGUAGE plpgsql STABLE AS $$
  BEGIN
    IF w_is_up THEN RETURN QUERY SELECT w.span, NULL::bigint FROM ${firstOfWhole(schema, 'ASC')};
    ELSE RETURN QUERY SELECT NULL::bigint, w.span FROM ${firstOfWhole(schema, 'DESC')};
    END IF;
  END $$;
  `
}

type Order = 'ASC' | 'DESC'

/** Which of a list's times one is; null for none. */
function slotOf(name: string): string {
  return `CASE ${name} WHEN k.times ->> 0 THEN 0 WHEN k.times ->> 1 THEN 1 WHEN k.times ->> 2 THEN 2 END`
}

/** Places of a line in the range: whole spans by their counts, the others one by one. */
function countPlaces(schema: string): string {
  const line = 's.list::bigint * 4 + s.range_slot'
  const placesThat = (condition: string): string =>
    `(SELECT count(*) FROM ${schema}.record_places AS p WHERE p.line = ${line} AND ${condition} AND p.at <= l_to)`
  return `(
            SELECT coalesce(sum(z.places), 0) FROM ${schema}.record_spans AS z
            WHERE z.line = ${line} AND z.span >= low AND z.span < high
          )
          + ${placesThat(`p.at >= l_from AND p.at < ${startOf('low')}`)}
          + ${placesThat(`p.at >= ${startOf('high')}`)}`
}

/** When a span begins. */
function startOf(span: string): string {
  return `(${span})::double precision * ${spanMs}`
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
        SELECT p.id FROM ${sought} CROSS JOIN LATERAL (${walkBeside(schema, order)} LIMIT p_offset + p_limit) AS p
        ORDER BY p.at ${order}, p.id ${order} OFFSET p_offset LIMIT p_limit`
}

/** Where the walk along the first list has enough; null when it has not. */
function lastSpan(schema: string, order: Order): string {
  return `
          SELECT p.span FROM (SELECT p_list[1] AS list, p_order[1] AS order_slot, p_range[1] AS range_slot) AS s
            CROSS JOIN LATERAL (${walkBeside(schema, order)} OFFSET p_offset + p_limit - 1 LIMIT 1) AS p
        `
}

/** From span to span of a list \`s\`, without those in which nothing can be: sorted within each, so that no more are read than are wanted. */
function walkBeside(schema: string, order: Order): string {
  const other = otherOf('s.range_slot', 's.order_slot')
  return `
          SELECT z.span, o.at, o.id
          FROM (
            SELECT DISTINCT z.span FROM ${schema}.record_spans AS z
            WHERE z.line = s.list::bigint * 4 + s.order_slot AND z.span >= s_first AND z.span <= s_last
              AND ${mayHave(other, 'p_from', 'p_to')}
            ORDER BY z.span ${order}
          ) AS z CROSS JOIN LATERAL (
            SELECT o.at, o.id FROM ${schema}.record_places AS o
            WHERE o.line = s.list::bigint * 4 + s.order_slot
              AND o.at >= ${startOf('z.span')} AND o.at < ${startOf('z.span + 1')}
              AND CASE ${other} WHEN 0 THEN o.other_0 ELSE o.other_1 END BETWEEN p_from AND p_to
            ORDER BY o.at ${order}, o.id ${order} LIMIT p_offset + p_limit
          ) AS o
          ORDER BY z.span ${order}, o.at ${order}, o.id ${order}`
}

/** The first span of each whole list in which something may be. */
function firstOfWhole(schema: string, order: Order): string {
  return `(
        SELECT DISTINCT w.list, s.order_slot, s.range_slot
        FROM unnest(w_list, w_order, w_range) AS s (list, order_slot, range_slot)
          CROSS JOIN LATERAL (SELECT * FROM ${schema}.record_lists AS k WHERE k.list = s.list OFFSET 0) AS k
          CROSS JOIN LATERAL (
            SELECT * FROM ${schema}.record_lists AS o WHERE o.collection = k.collection AND o.key = ${schema}.list_key(NULL, k.times) OFFSET 0
          ) AS w
      ) AS s CROSS JOIN LATERAL (
        SELECT z.span FROM ${schema}.record_spans AS z
        WHERE z.line = s.list::bigint * 4 + s.order_slot AND ${mayHave(otherOf('s.range_slot', 's.order_slot'), 'w_from', 'w_to')}
        ORDER BY z.span ${order} LIMIT 1
      ) AS w`
}

/** Whether something of a span \`z\` may have another time within a range. */
function mayHave(other: string, from: string, to: string): string {
  const possible = (slot: 0 | 1): string => `z.high_${slot} >= ${from} AND z.low_${slot} <= ${to}`
  return `CASE ${other} WHEN 0 THEN ${possible(0)} ELSE ${possible(1)} END`
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
