import { steadyPlans } from './order-key.ts'
import { shortWalk } from './record-list-walk-routine.ts'

/** So many times more than are to be counted are expected among those that are looked at: a sample may tell a few too many. */
const spare = 1.5
/** What one in so many match is met soon enough without an index. */
const denseShare = 4
/** Pages that are looked at to tell how many records match, and where. */
const samplePages = 256
/** Of so many rows of a page one is looked at: a page has a dozen, which stand among the first 40. */
const rowStep = 10
/** Those that match are not spread evenly when so many of them were expected where the sample has none. */
const unlikelyMissed = 5
/** Records that a page is looked for among: so many, and so many for each that is wanted. */
const longWalk = 4_000
const longWalkEach = 4

/** Searches for what very many records match: these are not all counted, and the page is looked for where it lies. */
export function recordListBoundRoutines(schema: string): string {
  return `
  -- How many records match, when they are more than are counted, as one more than that; and a page of them. Null where they may be fewer, or the page lies
  -- too far from where it is looked for.
  CREATE OR REPLACE FUNCTION ${schema}.search_many(
    s_column text, s_list integer[], s_part text[], s_order integer[], s_range integer[],
    -- a condition for a row l, in which $1 to $5 are the five below it
    s_is_meant_row text, s_words tsquery, s_is_meant boolean[], s_text text, s_from double precision, s_to double precision,
    s_most bigint,
    -- what a sample lets expect: how many match; shares of all; the times of some that match, in order; how many of those before them would match, were
    -- all spread evenly
    s_matching bigint, s_with_text_share numeric, s_matching_share numeric, s_times double precision[], s_missed numeric,
    s_is_up boolean, s_offset bigint, s_limit integer,
    OUT total bigint, OUT ids text[]
  ) LANGUAGE plpgsql STABLE AS $$
  DECLARE
    is_one_part constant boolean := s_part[1] = ALL (s_part);
    -- One part is walked as all of the collection, of which it has so much.
    is_whole constant boolean := s_column = 'list' AND is_one_part;
    -- of the times: what lies before it is looked at
    place constant integer := 1 + ceil(${spare} * greatest(s_most + 1, s_offset + s_limit) * cardinality(s_times) / s_matching);
  BEGIN
    IF s_missed <= ${unlikelyMissed} THEN
      ids := ${schema}.walk_page(
        s_list, s_part, s_order, s_range, is_whole, s_is_meant_row, s_is_meant, s_text, s_from, s_to, s_is_up, s_offset, s_limit, ${shortWalk}
      );
    END IF;
    IF ids IS NULL AND is_one_part AND s_order[1] = ALL (s_order) AND 2 * place <= cardinality(s_times) THEN
      SELECT s.total, s.ids INTO total, ids FROM ${schema}.seek_page(
        s_list, s_order[1], s_times[place], s_is_meant_row, s_words, s_is_meant, s_text, s_from, s_to, s_is_up, s_offset, s_limit
      ) AS s;
      IF total > s_most THEN
        total := s_most + 1;
        RETURN;
      END IF;
    END IF;

    total := s_most + 1;
    IF NOT ${schema}.are_more_than(
      s_most, s_matching, s_with_text_share, s_matching_share, s_is_meant_row, s_words, s_is_meant, s_text, s_from, s_to
    ) THEN
      ids := NULL;
    ELSIF ids IS NULL THEN
      ids := ${schema}.walk_page(
        s_list, s_part, s_order, s_range, is_whole, s_is_meant_row, s_is_meant, s_text, s_from, s_to, s_is_up, s_offset, s_limit,
        least(1e9, ${longWalk} + ${longWalkEach} * (s_offset + s_limit))::integer
      );
    END IF;
  END $$;

  -- What some records tell of all: of how many each condition holds; the times of those that match, in order; and how many of those that are meant
  -- before the first of them would match, were all spread evenly.
  CREATE OR REPLACE FUNCTION ${schema}.sample_search(
    -- conditions for a row l, and its time, in which $2 to $5 are the four below
    s_is_listed text, s_is_within text, s_at text, s_is_meant boolean[], s_text text, s_from double precision, s_to double precision,
    s_is_up boolean,
    OUT rows bigint, OUT listed bigint, OUT with_text bigint, OUT matching bigint, OUT times double precision[], OUT missed numeric
  ) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  DECLARE
    direction constant text := CASE WHEN s_is_up THEN '' ELSE ' DESC' END;
  BEGIN
    EXECUTE 'SELECT count(*), count(*) FILTER (WHERE s.is_listed), count(*) FILTER (WHERE s.has_text), count(*) FILTER (WHERE s.matches),'
      || ' array_agg(s.at ORDER BY s.at' || direction || ') FILTER (WHERE s.matches),'
      || ' count(*) FILTER (WHERE s.is_meant AND s.matches_so_far = 0) * avg(s.matches::integer) FILTER (WHERE s.is_meant) FROM ('
      || 'SELECT r.*, count(*) FILTER (WHERE r.matches) OVER (ORDER BY r.at' || direction || ' ROWS UNBOUNDED PRECEDING) AS matches_so_far FROM ('
      || 'SELECT m.*, m.is_meant AND m.has_text AS matches FROM ('
      || 'SELECT ' || s_is_listed || ' AS is_listed, ' || s_is_listed || s_is_within || ' AS is_meant, strpos(l.text, $3) > 0 AS has_text, '
      || s_at || ' AS at FROM ${schema}.record_listings AS l WHERE l.ctid = ANY ($6)) AS m) AS r) AS s'
      INTO rows, listed, with_text, matching, times, missed
      USING NULL::tsquery, s_is_meant, s_text, s_from, s_to, ${schema}.sample_places(${samplePages});
  END $$;

  -- Whether more than so many match, for certain: those that are met are counted. No, where too many are missed.
  CREATE OR REPLACE FUNCTION ${schema}.are_more_than(
    m_most bigint, m_expected numeric,
    -- shares of all, as a sample has them; and a condition for a row l, in which $1 to $5 are the five below it
    m_with_text numeric, m_matching numeric,
    m_is_meant_row text,
    m_words tsquery, m_is_meant boolean[], m_text text, m_from double precision, m_to double precision
  ) RETURNS boolean LANGUAGE plpgsql STABLE SET gin_fuzzy_search_limit = 0 AS $$
  DECLARE
    matches constant text := m_is_meant_row || ' AND strpos(l.text, $3) > 0';
    found bigint;
  BEGIN
    IF m_matching * ${denseShare} >= 1 THEN
      -- Pages from all over: what matches may stand in one place only.
      EXECUTE 'SELECT count(*) FROM (SELECT FROM ${schema}.record_listings AS l TABLESAMPLE SYSTEM ($6) WHERE ' || matches || ' LIMIT $7) AS m'
        INTO found USING m_words, m_is_meant, m_text, m_from, m_to, least(100, 100.0 * ${spare} * m_most / m_expected), m_most + 1;
    ELSE
      -- Of all that the index has about so many, at random: to note where all of them are would take longer than to look at these.
      PERFORM set_config('gin_fuzzy_search_limit', least(1e9, ceil(${spare} * m_most * m_with_text / m_matching))::integer::text, true);
      EXECUTE 'SELECT count(*) FROM (SELECT FROM ${schema}.record_listings AS l WHERE l.parts @@ $1 AND ' || matches || ' LIMIT $6) AS m'
        INTO found USING m_words, m_is_meant, m_text, m_from, m_to, m_most + 1;
    END IF;
    RETURN found > m_most;
  END $$;

  -- Where rows of listings may stand, from all over; about one of each page. Those that were moved from list to list are not the first of theirs.
  CREATE OR REPLACE FUNCTION ${schema}.sample_places(p_pages integer) RETURNS tid[] LANGUAGE plpgsql STABLE AS $$
  DECLARE
    pages constant bigint := pg_relation_size('${schema}.record_listings') / current_setting('block_size')::integer;
  BEGIN
    RETURN ARRAY(
      SELECT ('(' || page.number || ',' || page.row + step.rows || ')')::tid
      FROM (
        SELECT floor(random() * pages)::bigint AS number, ceil(random() * ${rowStep})::integer AS row FROM generate_series(1, p_pages) OFFSET 0
      ) AS page, generate_series(0, 3 * ${rowStep}, ${rowStep}) AS step (rows)
    );
  END $$;
  `
}
