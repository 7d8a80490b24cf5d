import { steadyPlans } from './order-key.ts'
import { unlikelyMissed } from './record-list-bound-routine.ts'
import { prefixLength } from './record-list-values.ts'

/** So many more than are wanted are looked at, for those that do not stand in the order of time. */
const spareRows = 200
/** A word is frequent when more than one of so many texts have it. */
const rareShare = 16

/** Pages that are looked at to tell which words are frequent. */
const wordPages = 32
/** Lists with so many records together may be looked through as a whole. */
const fewRecords = 30_000
/** Places in a line that take as long as one text that the index finds. */
const placesForText = 2

/** So many times more than are counted are expected in a stretch in which they are looked for. */
const spareOfStretch = 2
/** Places that are looked at without one in which most have the text. */
const manyPlaces = 80_000

/** Which records of lists contain a text. */
export function recordListSearchRoutines(schema: string): string {
  return `
  -- Records whose text contains another: all that may be are looked at, in the order of the table. Lists are of one collection: theirs alone are found.
  CREATE OR REPLACE FUNCTION ${schema}.list_search(
    -- which of a row's lists the numbers are of: list or whole
    h_column text, h_list integer[], h_part text[], h_order integer[], h_range integer[],
    -- whether all that have the words contain the text; and how many are counted at most, or null for all
    h_from double precision, h_to double precision, h_text text, h_words text[], h_is_certain boolean, h_most bigint,
    h_is_up boolean, h_offset bigint, h_limit integer
  -- Memory for the places of all that may be: without, the words of each on a page would be looked at again.
  ) RETURNS TABLE (total bigint, ids text[]) LANGUAGE plpgsql STABLE ${steadyPlans}
    SET enable_bitmapscan = on SET enable_hashjoin = on SET enable_nestloop = off SET work_mem = '32MB' AS $$
  #variable_conflict use_column
  DECLARE
    h_rare constant tsquery := CASE cardinality(h_words) WHEN 1 THEN h_words[1]::tsquery ELSE ${schema}.rare_words(h_words) END;
    -- of each list by its number: what it comes after; 0 where it is not meant
    f_rank constant integer[] := ARRAY(
      SELECT coalesce(s.rank, 0)
      FROM generate_series(1, (SELECT max(h.list) FROM unnest(h_list) AS h (list))) AS n (list) LEFT JOIN (
        SELECT h.list, dense_rank() OVER (
          ORDER BY CASE WHEN h_is_up THEN h.part END COLLATE "C", CASE WHEN NOT h_is_up THEN h.part END COLLATE "C" DESC
        )::integer AS rank
        FROM unnest(h_list, h_part) AS h (list, part)
      ) AS s ON s.list = n.list
      ORDER BY n.list
    );
    f_is_meant constant boolean[] := ARRAY(SELECT n.rank > 0 FROM unnest(f_rank) WITH ORDINALITY AS n (rank, list) ORDER BY n.list);
    f_at constant text := ${schema}.time_of_lists(h_column, h_list, h_order);
    -- Written for each search, because what is not asked costs as much as what is: a condition more for each of very many.
    f_is_listed constant text := CASE cardinality(h_list) WHEN 1 THEN format('l.%I = %s', h_column, h_list[1]) ELSE format('$2[l.%I]', h_column) END;
    f_is_within constant text := coalesce(' AND ' || ${schema}.time_of_lists(h_column, h_list, h_range) || ' BETWEEN $4 AND $5', '');
    f_found constant text := ' FROM ${schema}.record_listings AS l WHERE l.parts @@ $1 AND ' || f_is_listed || f_is_within
      || CASE WHEN h_is_certain THEN '' ELSE ' AND strpos(l.text, $3) > 0' END;
    h_collection constant text := (SELECT k.collection FROM ${schema}.record_lists AS k WHERE k.list = h_list[1]);
    listed constant bigint := (SELECT sum(t.records) FROM ${schema}.record_totals AS t WHERE t.list = ANY (h_list));
    sample record;
    -- how many match, as the sample says; whether the lines have most of the texts; how many of their places have as many that match as are counted; and
    -- whether more than these do where most in a row have the text
    matching bigint;
    lines_tell boolean;
    are_few boolean;
    places bigint;
    is_stretch boolean;
    found_total bigint;
    found_rank double precision[];
    found_place tid[];
    found_id text[];
  BEGIN
    IF listed <= ${fewRecords} OR listed > h_most THEN
      sample := ${schema}.sample_search(f_is_listed, f_is_within, f_at, f_is_meant, h_text, h_from, h_to, h_collection, h_is_up);
      matching := listed * sample.matching / nullif(sample.listed, 0);
      lines_tell := sample.long * ${rareShare} <= sample.listed;
      places := ceil(${spareOfStretch} * h_most * sample.listed::numeric / nullif(sample.matching, 0));
      is_stretch := lines_tell AND listed * sample.stretch > ${spareOfStretch} * h_most * sample.own;

      are_few := lines_tell AND listed <= ${fewRecords}
        AND listed * sample.rows <= ${placesForText} * sample.with_text * greatest(listed, ${listingsAbout(schema)});

      IF are_few AND sample.missed <= ${unlikelyMissed} AND places <= listed / 2 OR NOT are_few AND (is_stretch OR sample.matching > 1 AND matching > h_most) THEN
        SELECT s.total, s.ids INTO found_total, found_id FROM ${schema}.search_many(
          h_column, h_list, h_part, h_order, h_range, f_is_listed || f_is_within, f_at, h_rare, f_is_meant, h_text, h_from, h_to, h_most,
          matching, sample.with_text::numeric / sample.rows, sample.matching::numeric / sample.rows, sample.matching::numeric / nullif(sample.listed, 0),
          sample.missed, CASE WHEN is_stretch THEN sample.first END, CASE WHEN is_stretch THEN sample.last END, sample.near,
          CASE WHEN lines_tell AND places <= least(${manyPlaces}, listed) THEN places END, are_few, h_is_up, h_offset, h_limit
        ) AS s;
      END IF;
      IF are_few AND found_id IS NULL THEN
        SELECT s.total, s.ids INTO found_total, found_id FROM ${schema}.search_lines(
          h_list, ARRAY(SELECT f_rank[h.list] FROM unnest(h_list) WITH ORDINALITY AS h (list, place) ORDER BY h.place), h_order, h_range,
          h_from, h_to, h_text, h_is_up, h_offset, h_limit
        ) AS s;
      END IF;
    END IF;
    IF found_id IS NOT NULL THEN
      RETURN QUERY SELECT found_total, found_id;
      RETURN;
    END IF;

    IF f_rank @> '{2}' THEN
      RETURN QUERY EXECUTE
        'WITH found AS MATERIALIZED (SELECT l.id, ' || f_at || format(' AS at, $6[l.%I] AS rank', h_column) || f_found || ')'
        || ' SELECT (SELECT count(*) FROM found), ARRAY(SELECT f.id FROM found AS f ORDER BY '
        || CASE WHEN h_is_up THEN 'f.rank, f.at, f.id' ELSE 'f.rank, f.at DESC, f.id DESC' END || ' OFFSET $7 LIMIT $8)'
        USING h_rare, f_is_meant, h_text, h_from, h_to, f_rank, h_offset, h_limit;
    ELSE
      -- Two numbers of each: to keep and sort what a page tells of so many would cost nearly as much as to find them.
      EXECUTE 'SELECT array_agg(' || CASE WHEN h_is_up THEN '-' ELSE '' END || f_at || '), array_agg(l.ctid)' || f_found
        INTO found_rank, found_place USING h_rare, f_is_meant, h_text, h_from, h_to;
      found_place := ${schema}.first_places(found_rank, found_place, h_is_up, h_offset + h_limit);
      RETURN QUERY EXECUTE
        'SELECT $1, ARRAY(SELECT l.id FROM ${schema}.record_listings AS l WHERE l.ctid = ANY ($2) ORDER BY '
        || CASE WHEN h_is_up THEN f_at || ', l.id' ELSE f_at || ' DESC, l.id DESC' END || ' OFFSET $3 LIMIT $4)'
        USING coalesce(cardinality(found_rank), 0)::bigint, found_place, h_offset, h_limit;
    END IF;
  END $$;

  -- The places of those that come first, so many and all that are level with the last of these. They are given in the order of time, but for some, or its
  -- reverse: most often a look at one end tells that none of the others can be among them.
  CREATE OR REPLACE FUNCTION ${schema}.first_places(
    -- how soon each comes: the greatest is the first
    p_rank double precision[], p_place tid[], p_is_reverse boolean, p_count bigint
  ) RETURNS tid[] LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE
    given constant bigint := cardinality(p_rank);
    near constant bigint := least(given, p_count + ${spareRows});
    near_rank double precision[] := CASE WHEN p_is_reverse THEN p_rank[1:near] ELSE p_rank[given - near + 1:given] END;
    near_place tid[] := CASE WHEN p_is_reverse THEN p_place[1:near] ELSE p_place[given - near + 1:given] END;
    far_rank constant double precision[] := CASE WHEN p_is_reverse THEN p_rank[near + 1:given] ELSE p_rank[1:given - near] END;
    least_rank double precision;
  BEGIN
    IF given <= p_count THEN RETURN p_place; END IF;

    least_rank := (SELECT n.rank FROM unnest(near_rank) AS n (rank) ORDER BY n.rank DESC OFFSET p_count - 1 LIMIT 1);
    IF NOT least_rank > ALL (far_rank) THEN
      near_rank := p_rank;
      near_place := p_place;
    END IF;
    RETURN ARRAY(
      SELECT n.place FROM (SELECT unnest(near_rank) AS rank, unnest(near_place) AS place) AS n WHERE n.rank >= least_rank
      ORDER BY n.rank DESC FETCH FIRST p_count ROWS WITH TIES
    );
  END $$;

  -- The time of a row l that is meant, as SQL: which of them may differ from list to list. Null where none is.
  CREATE OR REPLACE FUNCTION ${schema}.time_of_lists(t_column text, t_list integer[], t_slot integer[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    IF t_slot[1] = ALL (t_slot) THEN RETURN 'l.time_' || t_slot[1]; END IF;
    RETURN (
      SELECT '(CASE ' || string_agg(format('WHEN l.%I = ANY (%L) THEN l.time_%s', t_column, s.lists, s.slot), ' ') || ' END)'
      FROM (SELECT array_agg(t.list) AS lists, t.slot FROM unnest(t_list, t_slot) AS t (list, slot) WHERE t.slot IS NOT NULL GROUP BY t.slot) AS s
    );
  END $$;

  -- All of some words, but for those that many texts have where others are rarer: what few have finds them sooner, and a text is looked at itself
  -- anyway. How many have a word is what a sample of texts says. Each word is a tsquery.
  CREATE OR REPLACE FUNCTION ${schema}.rare_words(r_words text[]) RETURNS tsquery LANGUAGE plpgsql STABLE AS $$
  DECLARE
    places constant tid[] := ${schema}.sample_places(${wordPages});
    sample constant text[] := ARRAY(SELECT l.text FROM ${schema}.record_listings AS l WHERE l.ctid = ANY (places) AND l.text IS NOT NULL);
    rare text[];
  BEGIN
    SELECT array_agg(c.word) FILTER (WHERE c.texts <= greatest(c.least, cardinality(sample) / ${rareShare})) INTO rare
    FROM (
      SELECT w.word, w.texts, min(w.texts) OVER () AS least
      FROM (
        SELECT w.word, (SELECT count(*) FROM unnest(sample) AS s (text) WHERE strpos(s.text, w.part) > 0) AS texts
        FROM (SELECT r.word, ${partOfWord('r.word')} AS part FROM unnest(r_words) AS r (word)) AS w
      ) AS w
    ) AS c;
    RETURN array_to_string(rare, ' & ')::tsquery;
  END $$;
  `
}

/** How many listings there are, as the last vacuum knows. */
function listingsAbout(schema: string): string {
  return `(SELECT c.reltuples FROM pg_class AS c WHERE c.oid = '${schema}.record_listings'::regclass)`
}

/** The part that a word stands for (see `wordOf`). */
function partOfWord(word: string): string {
  return `convert_from(decode(substr(${word}, ${1 + prefixLength + 1}, length(${word}) - ${prefixLength + 2}), 'hex'), 'UTF8')`
}
