import { steadyPlans } from './order-key.ts'
import { shortWalk } from './record-list-walk-routine.ts'

/** Searches in few records: their lines tell their texts. */
export function recordListLineRoutines(schema: string): string {
  return `
  -- Records of lists that have few, whose text contains another. How many is told up to one more than are counted.
  CREATE OR REPLACE FUNCTION ${schema}.search_few(
    s_list integer[], s_part text[], s_order integer[], s_range integer[], s_from double precision, s_to double precision,
    s_text text, s_most bigint, s_is_up boolean, s_offset bigint, s_limit integer, s_rank integer[],
    OUT total bigint, OUT ids text[]
  ) LANGUAGE plpgsql STABLE AS $$
  BEGIN
    SELECT s.total, s.ids INTO total, ids
    FROM ${schema}.search_lines(s_list, s_rank, s_order, s_range, s_from, s_to, s_text, s_most, s_is_up, s_offset, s_limit) AS s;
    IF ids IS NULL THEN
      ids := coalesce(
        ${schema}.walk_page(s_list, s_part, s_order, s_range, false, 'true', NULL, s_text, s_from, s_to, s_is_up, s_offset, s_limit, ${shortWalk}),
        (SELECT s.ids FROM ${schema}.search_lines(s_list, s_rank, s_order, s_range, s_from, s_to, s_text, NULL, s_is_up, s_offset, s_limit) AS s)
      );
    END IF;
  END $$;

  -- Records of lists whose text contains another: all places of their lines are looked at, and, where a text is long, its listing. When there are more
  -- than so many, nothing but that.
  CREATE OR REPLACE FUNCTION ${schema}.search_lines(
    -- and what the records of each list come after
    s_list integer[], s_rank integer[], s_order integer[], s_range integer[],
    s_from double precision, s_to double precision, s_text text, s_most bigint, s_is_up boolean, s_offset bigint, s_limit integer,
    OUT total bigint, OUT ids text[]
  ) LANGUAGE plpgsql STABLE ${steadyPlans} SET enable_memoize = off AS $$
  DECLARE
    s_collection constant text := (SELECT k.collection FROM ${schema}.record_lists AS k WHERE k.list = s_list[1]);
    found_id text[];
    found_rank integer[];
    found_at double precision[];
  BEGIN
    SELECT count(*), array_agg(f.id), array_agg(f.rank), array_agg(f.at) INTO total, found_id, found_rank, found_at
    FROM (
      SELECT p.id, s.rank, ${timeOf('s.order_slot')} AS at
      FROM unnest(s_list, s_rank, s_order, s_range) AS s (list, rank, order_slot, range_slot)
        CROSS JOIN LATERAL (
          SELECT o.at, o.id, o.other_0, o.other_1, o.text FROM ${schema}.record_places AS o WHERE o.line = s.list::bigint * 4
        ) AS p
      WHERE strpos(coalesce(p.text, (
          SELECT l.text FROM ${schema}.record_listings AS l WHERE l.collection = s_collection AND l.id = p.id
        ), ''), s_text) > 0
        AND (s.range_slot IS NULL OR ${timeOf('s.range_slot')} BETWEEN s_from AND s_to)
      LIMIT s_most + 1
    ) AS f;
    IF total > s_most THEN RETURN; END IF;

    ids := ARRAY(
      SELECT f.id FROM unnest(found_id, found_rank, found_at) AS f (id, rank, at)
      ORDER BY f.rank, CASE WHEN s_is_up THEN f.at ELSE -f.at END,
        CASE WHEN s_is_up THEN f.id END COLLATE "C", CASE WHEN NOT s_is_up THEN f.id END COLLATE "C" DESC
      OFFSET s_offset LIMIT s_limit
    );
  END $$;
  `
}

/** Of a place \`p\` in a line by the first time. */
function timeOf(slot: string): string {
  return `CASE ${slot} WHEN 0 THEN p.at WHEN 1 THEN p.other_0 ELSE p.other_1 END`
}
