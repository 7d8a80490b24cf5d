import { steadyPlans } from './order-key.ts'

/** Pages that are looked at to tell what is frequent, and rows of each. */
export const samplePages = 8
const sampleRows = 4
/** Pages for a closer look at what more than one of the sample match. */
const closePages = 128
/** So many times more than are to be counted are expected among those that are looked at: a sample may tell a few too many. */
const spare = 1.5
/** What one in so many match is met soon enough without an index. */
const denseShare = 4
/** Records that a page is looked for among: the first so many, and then more, with so many for each that is wanted. */
const shortWalk = 400
const longWalk = 4_000
const longWalkEach = 4

/** Searches for what very many records match: these are not all counted, and the page is looked for along its order. */
export function recordListBoundRoutines(schema: string): string {
  return `
  -- Whether more than so many match, for certain: those that are met are counted. No, where a sample lets expect fewer, or where too many are missed.
  CREATE OR REPLACE FUNCTION ${schema}.are_more_than(
    m_most bigint, m_list integer[],
    -- conditions for a row l, in which $1 to $5 are the five below: that it stands in a list that is meant; and more
    m_is_listed text, m_is_within text,
    m_words tsquery, m_is_meant boolean[], m_text text, m_from double precision, m_to double precision
  ) RETURNS boolean LANGUAGE plpgsql STABLE SET gin_fuzzy_search_limit = 0 AS $$
  DECLARE
    m_matches constant text := m_is_listed || m_is_within || ' AND strpos(l.text, $3) > 0';
    listed constant bigint := (SELECT sum(t.records) FROM ${schema}.record_totals AS t WHERE t.list = ANY (m_list));
    pages integer;
    -- of a sample
    rows bigint;
    rows_listed bigint;
    rows_with_text bigint;
    rows_matching bigint;
    found bigint;
  BEGIN
    IF listed <= m_most THEN RETURN false; END IF;

    FOREACH pages IN ARRAY '{${samplePages},${closePages}}'::integer[] LOOP
      EXECUTE 'SELECT count(*), count(*) FILTER (WHERE ' || m_is_listed || '), count(*) FILTER (WHERE strpos(l.text, $3) > 0),'
        || ' count(*) FILTER (WHERE ' || m_matches || ') FROM ${schema}.record_listings AS l WHERE l.ctid = ANY ($6)'
        INTO rows, rows_listed, rows_with_text, rows_matching
        USING m_words, m_is_meant, m_text, m_from, m_to, ${schema}.sample_places(pages);
      IF rows_matching < 2 THEN RETURN false; END IF;
    END LOOP;
    IF listed * rows_matching < m_most * rows_listed THEN RETURN false; END IF;

    IF rows_matching * ${denseShare} >= rows THEN
      -- Pages from all over: what matches may stand in one place only.
      EXECUTE 'SELECT count(*) FROM (SELECT FROM ${schema}.record_listings AS l TABLESAMPLE SYSTEM ($6) WHERE ' || m_matches || ' LIMIT $7) AS m'
        INTO found USING m_words, m_is_meant, m_text, m_from, m_to,
          least(100, 100.0 * ${spare} * m_most * rows_listed / (listed * rows_matching)), m_most + 1;
    ELSE
      -- Of all that the index has about so many, at random: to note where all of them are would take longer than to look at these.
      PERFORM set_config('gin_fuzzy_search_limit', least(1e9, ceil(${spare} * m_most * rows_with_text / rows_matching))::integer::text, true);
      EXECUTE 'SELECT count(*) FROM (SELECT FROM ${schema}.record_listings AS l WHERE l.parts @@ $1 AND ' || m_matches || ' LIMIT $6) AS m'
        INTO found USING m_words, m_is_meant, m_text, m_from, m_to, m_most + 1;
    END IF;
    RETURN found > m_most;
  END $$;

  -- The ids of a page of what very many match, found along its order. Null when it begins, or ends, too far along.
  CREATE OR REPLACE FUNCTION ${schema}.walk_page(
    w_column text, w_list integer[], w_part text[], w_order integer[], w_range integer[],
    -- a condition for a row l, in which $2 to $5 are the four below
    w_is_meant_row text, w_is_meant boolean[], w_text text, w_from double precision, w_to double precision,
    w_is_up boolean, w_offset bigint, w_limit integer
  ) RETURNS text[] LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_nestloop = on AS $$
  DECLARE
    wanted constant bigint := w_offset + w_limit;
    w_collection constant text := (SELECT k.collection FROM ${schema}.record_lists AS k WHERE k.list = w_list[1]);
    -- One part is walked as all of the collection, of which it has so much.
    is_whole constant boolean := w_column = 'list' AND w_part[1] = ALL (w_part);
    most integer;
    is_over boolean;
    walked text[];
    found text[];
    part record;
  BEGIN
    FOREACH most IN ARRAY ARRAY[${shortWalk}, least(1e9, ${longWalk} + ${longWalkEach} * wanted)::integer] LOOP
      is_over := true;
      found := '{}';
      FOR part IN
        SELECT array_agg(s.list) AS lists, array_agg(s.order_slot) AS orders, array_agg(s.range_slot) AS ranges
        FROM (
          SELECT DISTINCT CASE WHEN is_whole THEN ${wholeOf(schema, 's.list')} ELSE s.list END AS list, s.part, s.order_slot, s.range_slot
          FROM unnest(w_list, w_part, w_order, w_range) AS s (list, part, order_slot, range_slot)
        ) AS s
        GROUP BY s.part
        ORDER BY CASE WHEN w_is_up THEN s.part END COLLATE "C", CASE WHEN NOT w_is_up THEN s.part END COLLATE "C" DESC
      LOOP
        walked := ${schema}.list_part(part.lists, part.orders, part.ranges, ${manyRecords}, w_from, w_to, w_is_up, 0, most);
        EXECUTE 'SELECT $1 || ARRAY('
          || 'SELECT w.id FROM unnest($6) WITH ORDINALITY AS w (id, place) CROSS JOIN LATERAL ('
          || 'SELECT * FROM ${schema}.record_listings AS o WHERE o.collection = $7 AND o.id = w.id OFFSET 0'
          || ') AS l WHERE strpos(l.text, $3) > 0 AND ' || w_is_meant_row || ' ORDER BY w.place LIMIT $8)'
          INTO found USING found, w_is_meant, w_text, w_from, w_to, walked, w_collection, wanted - cardinality(found);
        IF cardinality(found) = wanted THEN RETURN found[w_offset + 1:]; END IF;
        is_over := cardinality(walked) < most;
        EXIT WHEN NOT is_over;
      END LOOP;
      IF is_over THEN RETURN found[w_offset + 1:]; END IF;
    END LOOP;
    RETURN NULL;
  END $$;

  -- Where rows of listings may stand, from all over.
  CREATE OR REPLACE FUNCTION ${schema}.sample_places(p_pages integer) RETURNS tid[] LANGUAGE plpgsql STABLE AS $$
  DECLARE
    pages constant bigint := pg_relation_size('${schema}.record_listings') / current_setting('block_size')::integer;
  BEGIN
    RETURN ARRAY(
      SELECT format('(%s,%s)', page.number, row)::tid
      FROM (SELECT floor(random() * pages)::bigint AS number FROM generate_series(1, p_pages) OFFSET 0) AS page,
        generate_series(1, ${sampleRows}) AS row
    );
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
