import { steadyPlans } from './order-key.ts'
import { prefixLength } from './record-list-values.ts'

/** Pages that are sampled, and rows of each. */
const samplePages = 8
const sampleRows = 4
/** A word is frequent when more than one of so many texts have it. */
const rareShare = 16

/** Which records of lists contain a text. */
export function recordListSearchRoutines(schema: string): string {
  return `
  -- Records whose text contains another: all that may be are looked at, in the order of the table. Lists are of one collection: theirs alone are found.
  CREATE OR REPLACE FUNCTION ${schema}.list_search(
    h_list integer[], h_part text[], h_order integer[], h_range integer[],
    h_from double precision, h_to double precision, h_text text, h_words text[], h_is_up boolean, h_offset bigint, h_limit integer
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
    f_order constant text := ${schema}.time_of_lists(h_list, h_order);
    f_page constant text := CASE WHEN h_is_up THEN 'f.rank, f.at, f.id' ELSE 'f.rank, f.at DESC, f.id DESC' END;
  BEGIN
    -- Written for each search, because what is not asked costs as much as what is: a condition more for each of very many.
    RETURN QUERY EXECUTE
      'WITH found AS MATERIALIZED (SELECT l.id, ' || f_order || ' AS at'
      || CASE WHEN f_rank @> '{2}' THEN ', $2[l.list] AS rank' ELSE '' END
      || ' FROM ${schema}.record_listings AS l WHERE l.parts @@ $1 AND $2[l.list] > 0'
      || CASE WHEN h_text IS NOT NULL THEN ' AND strpos(l.text, $3) > 0' ELSE '' END
      || coalesce(' AND ' || ${schema}.time_of_lists(h_list, h_range) || ' BETWEEN $4 AND $5', '')
      || ') SELECT (SELECT count(*) FROM found), ARRAY(SELECT f.id FROM found AS f ORDER BY '
      || CASE WHEN f_rank @> '{2}' THEN f_page ELSE replace(f_page, 'f.rank, ', '') END || ' OFFSET $6 LIMIT $7)'
      USING h_rare, f_rank, h_text, h_from, h_to, h_offset, h_limit;
  END $$;

  -- The time of a row l that is meant, as SQL: which of them may differ from list to list. Null where none is.
  CREATE OR REPLACE FUNCTION ${schema}.time_of_lists(t_list integer[], t_slot integer[]) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
  BEGIN
    IF t_slot[1] = ALL (t_slot) THEN RETURN 'l.time_' || t_slot[1]; END IF;
    RETURN (
      SELECT 'CASE ' || string_agg(format('WHEN l.list = ANY (%L) THEN l.time_%s', s.lists, s.slot), ' ') || ' END'
      FROM (SELECT array_agg(t.list) AS lists, t.slot FROM unnest(t_list, t_slot) AS t (list, slot) WHERE t.slot IS NOT NULL GROUP BY t.slot) AS s
    );
  END $$;

  -- All of some words, but for those that many texts have where others are rarer: what few have finds them sooner, and a text is looked at itself
  -- anyway. How many have a word is what a sample of texts says. Each word is a tsquery.
  CREATE OR REPLACE FUNCTION ${schema}.rare_words(r_words text[]) RETURNS tsquery LANGUAGE plpgsql STABLE AS $$
  DECLARE
    pages constant bigint := pg_relation_size('${schema}.record_listings') / current_setting('block_size')::integer;
    places constant tid[] := ARRAY(
      SELECT format('(%s,%s)', page.number, row)::tid
      FROM (SELECT floor(random() * pages)::bigint AS number FROM generate_series(1, ${samplePages}) OFFSET 0) AS page,
        generate_series(1, ${sampleRows}) AS row
    );
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

/** The part that a word stands for (see `wordOf`). */
function partOfWord(word: string): string {
  return `convert_from(decode(substr(${word}, ${1 + prefixLength + 1}, length(${word}) - ${prefixLength + 2}), 'hex'), 'UTF8')`
}
