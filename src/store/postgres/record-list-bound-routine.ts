import { steadyPlans } from './order-key.ts'
import { sampledStretch } from './record-list-stretch-routine.ts'
import { shortText } from './record-list-tables.ts'
import { shortWalk } from './record-list-walk-routine.ts'

/** So many times more than are to be counted are expected among those that are looked at: a sample may tell a few too many. */
const spare = 1.5
/** The same where all that the index finds match. */
const spareOfAll = 1.15
/** Of those that were met so many lie before the time to which all are looked at, and as many as the page may need. */
const spareMet = 4
/** What one in so many match is met soon enough without an index. */
const denseShare = 4
/** Pages that are looked at to tell how many records match, and where. */
const samplePages = 256
/** Of so many rows of a page one is looked at: a page has a dozen, which stand among the first 40. */
const rowStep = 10
/** Those that match are not spread evenly when so many of them were expected where the sample has none. */
export const unlikelyMissed = 5
/** So many times more records than are expected to have a page are looked at for it; and no more than so many before others are. */
const spareWalk = 4
const leastWalk = 100
const mediumWalk = 2_500
/** Records that a page is looked for among at last: so many, and so many for each that is wanted. */
const longWalk = 4_000
const longWalkEach = 4

/** Searches for what very many records match: these are not all counted, and the page is looked for where it lies. */
export function recordListBoundRoutines(schema: string): string {
  return `
  -- How many records match, when they are more than are counted, as one more than that; and a page of them. Null where they may be fewer, or the page lies
  -- too far from where it is looked for, which in few records is near only.
  CREATE OR REPLACE FUNCTION ${schema}.search_many(
    s_column text, s_list integer[], s_part text[], s_order integer[], s_range integer[],
    -- a condition for a row l, in which $1 to $5 are the five behind its time
    s_is_meant_row text, s_at text, s_words tsquery, s_is_meant boolean[], s_text text, s_from double precision, s_to double precision,
    s_most bigint,
    -- what a sample lets expect: how many match; shares of all, and of those in the lists; how many of those before the first that has the text would have it, were all spread evenly
    s_matching bigint, s_with_text_share numeric, s_matching_share numeric, s_listed_share numeric, s_missed numeric,
    -- the stretch in which nearly all have the text, null where too few of these are meant; and the first of the times of what comes first of all that has it
    s_first double precision, s_last double precision, s_near double precision,
    -- how many of the lists' places are looked at to count them, null where that would be too many; and whether all of them are not very many
    s_places bigint, s_are_few boolean,
    s_is_up boolean, s_offset bigint, s_limit integer,
    OUT total bigint, OUT ids text[]
  ) LANGUAGE plpgsql STABLE AS $$
  DECLARE
    wanted constant bigint := s_offset + s_limit;
    is_one_part constant boolean := s_part[1] = ALL (s_part);
    -- One part is walked as all of the collection, of which it has so much.
    is_whole constant boolean := s_column = 'list' AND is_one_part AND NOT s_are_few;
    sign constant integer := CASE WHEN s_is_up THEN 1 ELSE -1 END;
    expected_walk constant integer := least(1e9, ${spareWalk} * wanted / nullif(CASE WHEN is_whole OR s_column = 'whole' THEN s_matching_share ELSE s_listed_share END, 0));
    near_first constant double precision := CASE WHEN s_is_up THEN s_near ELSE '-Infinity' END;
    near_last constant double precision := CASE WHEN s_is_up THEN 'Infinity' ELSE s_near END;
    met double precision[];
    -- which of these the page does not reach beyond
    place integer := wanted;
    near double precision[];
  BEGIN
    IF s_missed <= ${unlikelyMissed} THEN
      ids := ${schema}.walk_page(
        s_list, s_part, s_order, s_range, is_whole, s_is_meant_row, s_is_meant, s_text, s_from, s_to, s_is_up, s_offset, s_limit,
        CASE WHEN expected_walk <= ${mediumWalk} THEN greatest(${leastWalk}, expected_walk) ELSE ${shortWalk} END
      );
    END IF;
    IF s_are_few AND ids IS NULL THEN RETURN; END IF;

    IF s_first IS NOT NULL THEN
      met := ${schema}.stretch_times(s_list, s_order, s_range, s_from, s_to, s_text, s_first, s_last, NULL, s_most + 1, s_is_up);
    END IF;
    IF s_places IS NOT NULL AND coalesce(cardinality(met), 0) <= s_most THEN
      met := ${schema}.stretch_times(s_list, s_order, s_range, s_from, s_to, s_text, near_first, near_last, s_places, s_most + 1, s_is_up);
    ELSIF s_first IS NOT NULL THEN
      near := ${schema}.stretch_times(s_list, s_order, s_range, s_from, s_to, s_text, near_first, near_last, ${mediumWalk}, wanted, s_is_up);
    END IF;
    IF s_matching > s_most AND coalesce(cardinality(met), 0) <= s_most THEN
      met := ${schema}.some_times(
        s_most, CASE WHEN ids IS NOT NULL THEN s_most + 1 END, s_matching, s_with_text_share, s_matching_share, s_is_meant_row, s_at, s_words, s_is_meant, s_text, s_from, s_to
      );
      place := ${spareMet} + ceil(wanted::numeric * cardinality(met) / s_matching);
    END IF;
    IF cardinality(met) > s_most THEN
      total := s_most + 1;
    ELSE
      ids := NULL;
      RETURN;
    END IF;

    IF ids IS NULL AND is_one_part AND s_order[1] = ALL (s_order) AND place <= cardinality(met) / 2 THEN
      ids := ${schema}.seek_page(
        s_list, s_order[1], sign * least(${nthOf('met', 'place')}, ${nthOf('near', 'wanted')}),
        s_is_meant_row, s_words, s_is_meant, s_text, s_from, s_to, s_is_up, s_offset, s_limit
      );
    END IF;
    IF ids IS NULL THEN
      ids := ${schema}.walk_page(
        s_list, s_part, s_order, s_range, is_whole, s_is_meant_row, s_is_meant, s_text, s_from, s_to, s_is_up, s_offset, s_limit,
        least(1e9, ${longWalk} + ${longWalkEach} * wanted)::integer
      );
    END IF;
  END $$;

  -- What some records tell of all: of how many each condition holds, and how many that are listed have long texts; how many of those before the first that has
  -- the text would have it, were all spread evenly; by the first of their times, where the first that has it in the order stands, and from when to when most of
  -- one collection in a row have it; how many are of this, and how many of those in a row lie in the range.
  CREATE OR REPLACE FUNCTION ${schema}.sample_search(
    -- conditions for a row l, and its time, in which $2 to $5 are the four below
    s_is_listed text, s_is_within text, s_at text, s_is_meant boolean[], s_text text, s_from double precision, s_to double precision,
    s_collection text, s_is_up boolean,
    OUT rows bigint, OUT listed bigint, OUT long bigint, OUT with_text bigint, OUT matching bigint, OUT missed numeric,
    OUT own bigint, OUT near double precision, OUT stretch bigint, OUT first double precision, OUT last double precision
  ) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  DECLARE
    direction constant text := CASE WHEN s_is_up THEN '' ELSE ' DESC' END;
  BEGIN
    EXECUTE 'WITH looked_at AS MATERIALIZED ('
      || 'SELECT ' || s_is_listed || ' AS is_listed, true' || s_is_within || ' AS is_within, coalesce(strpos(l.text, $3) > 0, false) AS has_text, '
      || s_at || ' AS at, l.time_0, l.collection = $7 AS is_own, octet_length(l.text) > ${shortText} AS is_long FROM ${schema}.record_listings AS l WHERE l.ctid = ANY ($6)'
      || ') SELECT s.*, t.* FROM ('
      || 'SELECT count(*), count(*) FILTER (WHERE s.is_listed), count(*) FILTER (WHERE s.is_listed AND s.is_long), count(*) FILTER (WHERE s.has_text),'
      || ' count(*) FILTER (WHERE s.is_listed AND s.is_within AND s.has_text),'
      || ' count(*) FILTER (WHERE s.is_within AND s.texts_so_far = 0) * avg(s.has_text::integer) FILTER (WHERE s.is_within),'
      || ' count(*) FILTER (WHERE s.is_own), (array_agg(s.time_0 ORDER BY s.at' || direction || ') FILTER (WHERE s.is_within AND s.has_text AND s.is_own))[1] FROM ('
      || 'SELECT r.*, count(*) FILTER (WHERE r.is_within AND r.has_text) OVER (ORDER BY r.at' || direction || ' ROWS UNBOUNDED PRECEDING) AS texts_so_far'
      || ' FROM looked_at AS r) AS s) AS s LEFT JOIN (${sampledStretch('looked_at')}) AS t ON true'
      INTO rows, listed, long, with_text, matching, missed, own, near, stretch, first, last
      USING NULL::tsquery, s_is_meant, s_text, s_from, s_to, ${schema}.sample_places(${samplePages}), s_collection;
  END $$;

  -- The times of some that match, from all over: somewhat more than so many are expected.
  CREATE OR REPLACE FUNCTION ${schema}.some_times(
    m_most bigint,
    -- more than so many are not looked for, unless null
    m_limit bigint, m_expected numeric, m_with_text_share numeric, m_matching_share numeric,
    -- a condition for a row l, in which $1 to $5 are the five behind its time
    m_is_meant_row text, m_at text, m_words tsquery, m_is_meant boolean[], m_text text, m_from double precision, m_to double precision
  ) RETURNS double precision[] LANGUAGE plpgsql STABLE SET gin_fuzzy_search_limit = 0 SET max_parallel_workers_per_gather = 0 AS $$
  DECLARE
    times constant text := 'SELECT ARRAY(SELECT ' || m_at || ' FROM ${schema}.record_listings AS l';
    matches constant text := m_is_meant_row || ' AND strpos(l.text, $3) > 0';
    met double precision[];
  BEGIN
    IF m_matching_share * ${denseShare} >= 1 THEN
      -- Pages from all over: what matches may stand in one place only.
      EXECUTE times || ' TABLESAMPLE SYSTEM ($6) WHERE ' || matches || ' LIMIT $7)'
        INTO met USING m_words, m_is_meant, m_text, m_from, m_to, least(100, 100.0 * ${spare} * m_most / m_expected), m_limit;
    ELSE
      -- Of all that the index has about so many, at random: to note where all of them are would take longer than to look at these.
      PERFORM set_config('gin_fuzzy_search_limit', least(1e9, ceil(
        CASE WHEN m_matching_share = m_with_text_share THEN ${spareOfAll} ELSE ${spare} END * m_most * m_with_text_share / m_matching_share
      ))::integer::text, true);
      EXECUTE times || ' WHERE l.parts @@ $1 AND ' || matches || ' LIMIT $6)' INTO met USING m_words, m_is_meant, m_text, m_from, m_to, m_limit;
    END IF;
    RETURN met;
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

/** One of some times, counted along the order, with the sign that makes it the greater the later it comes. */
function nthOf(times: string, place: string): string {
  return `(SELECT sign * m.at FROM unnest(${times}) AS m (at) ORDER BY 1 OFFSET ${place} - 1 LIMIT 1)`
}
