import { steadyPlans } from './order-key.ts'

/** Searches in few records: their lines tell their texts. */
export function recordListLineRoutine(schema: string): string {
  return `
  -- Records of lists whose text contains another: all places of their lines are looked at, and, where a text is long, its listing.
  CREATE OR REPLACE FUNCTION ${schema}.search_lines(
    -- and what the records of each list come after
    s_list integer[], s_rank integer[], s_order integer[], s_range integer[],
    s_from double precision, s_to double precision, s_text text, s_is_up boolean, s_offset bigint, s_limit integer,
    OUT total bigint, OUT ids text[]
  ) LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_memoize = off SET work_mem = '32MB' AS $$
  DECLARE
    s_collection constant text := (SELECT k.collection FROM ${schema}.record_lists AS k WHERE k.list = s_list[1]);
  BEGIN
    IF s_is_up THEN ${found(schema, 'ASC')};
    ELSE ${found(schema, 'DESC')};
    END IF;
  END $$;
  `
}

function found(schema: string, order: 'ASC' | 'DESC'): string {
  return `
      WITH found AS MATERIALIZED (
        SELECT p.id, s.rank, ${timeOf('s.order_slot')} AS at
        FROM unnest(s_list, s_rank, s_order, s_range) AS s (list, rank, order_slot, range_slot)
          CROSS JOIN LATERAL (
            SELECT s.range_slot, o.at, o.id, o.other_0, o.other_1, o.text FROM ${schema}.record_places AS o WHERE o.line = s.list::bigint * 4
          ) AS p
        WHERE ${hasText(schema)}
      )
      SELECT count(*), ARRAY(SELECT f.id FROM found AS f ORDER BY f.rank, f.at ${order}, f.id ${order} OFFSET s_offset LIMIT s_limit)
      INTO total, ids FROM found`
}

/** That the text of a place `p` in a line by the first time contains the one that is sought, within the range. */
export function hasText(schema: string): string {
  return `strpos(coalesce(p.text, (
            SELECT l.text FROM ${schema}.record_listings AS l WHERE l.collection = s_collection AND l.id = p.id
          ), ''), s_text) > 0
          AND (p.range_slot IS NULL OR ${timeOf('p.range_slot')} BETWEEN s_from AND s_to)`
}

/** Of a place `p` in a line by the first time. */
export function timeOf(slot: string): string {
  return `CASE ${slot} WHEN 0 THEN p.at WHEN 1 THEN p.other_0 ELSE p.other_1 END`
}
