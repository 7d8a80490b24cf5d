import { steadyPlans } from './order-key.ts'

/** Pages that are sampled, and rows of each. */
const samplePages = 8
const sampleRows = 4
/** A word is frequent when more than one of so many texts have it. */
const rareShare = 4

/** Which records of lists contain a text. */
export function recordListSearchRoutines(schema: string): string {
  return `
  -- Records whose text contains another: all that may be are looked at.
  CREATE OR REPLACE FUNCTION ${schema}.list_search(
    h_collection text, h_list integer[], h_part text[], h_order integer[], h_range integer[],
    h_from double precision, h_to double precision, h_text text, h_words text[], h_is_up boolean, h_offset bigint, h_limit integer
  ) RETURNS TABLE (total bigint, ids text[]) LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_bitmapscan = on SET enable_hashjoin = on AS $$
  #variable_conflict use_column
  DECLARE
    h_rare constant tsquery := ${schema}.rare_words(h_words);
  BEGIN
    RETURN QUERY
    WITH containing AS MATERIALIZED (
      SELECT l.id, l.list, l.time_0, l.time_1, l.time_2
      FROM ${schema}.record_parts AS p CROSS JOIN LATERAL (
        SELECT * FROM ${schema}.record_listings AS o WHERE o.collection = h_collection AND o.id = p.id OFFSET 0
      ) AS l
      -- Written so that the words are looked up, and not all of the collection.
      WHERE p.parts @@ h_rare AND p.collection || '' = h_collection AND strpos(l.text, h_text) > 0
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

  -- All of some words, but for those that many texts have where others are rarer: what few have finds them sooner, and a text is looked at itself
  -- anyway. How many have a word is what a sample says. Each word is a tsquery.
  CREATE OR REPLACE FUNCTION ${schema}.rare_words(r_words text[]) RETURNS tsquery LANGUAGE plpgsql STABLE AS $$
  DECLARE
    pages constant bigint := pg_relation_size('${schema}.record_parts') / current_setting('block_size')::integer;
    places constant tid[] := ARRAY(
      SELECT format('(%s,%s)', page.number, row)::tid
      FROM (SELECT floor(random() * pages)::bigint AS number FROM generate_series(1, ${samplePages}) OFFSET 0) AS page,
        generate_series(1, ${sampleRows}) AS row
    );
    sample constant tsvector[] := ARRAY(SELECT p.parts FROM ${schema}.record_parts AS p WHERE p.ctid = ANY (places));
    rare text[];
  BEGIN
    SELECT array_agg(c.word) FILTER (WHERE c.texts <= greatest(c.least, cardinality(sample) / ${rareShare})) INTO rare
    FROM (
      SELECT w.word, w.texts, min(w.texts) OVER () AS least
      FROM (
        SELECT w.word, (SELECT count(*) FROM unnest(sample) AS s (parts) WHERE s.parts @@ w.word::tsquery) AS texts
        FROM unnest(r_words) AS w (word)
      ) AS w
    ) AS c;
    RETURN array_to_string(rare, ' & ')::tsquery;
  END $$;
  `
}
