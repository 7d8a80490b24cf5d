import { steadyPlans } from './order-key.ts'
import { hasText, timeOf } from './record-list-line-routine.ts'

/** So many sampled rows one after the other seldom have a text by chance, unless a fourth of all do. */
const leastRun = 4

/** Stretches of lines in which many records have a text: there is no need to look for it elsewhere to find more than are counted. */
export function recordListStretchRoutine(schema: string): string {
  return `
  -- The times, in their order, of records of lists that have a text, list by list: so many at most, of so many places from one time to another by the first
  -- of their times, in the direction of the order.
  CREATE OR REPLACE FUNCTION ${schema}.stretch_times(
    s_list integer[], s_order integer[], s_range integer[], s_from double precision, s_to double precision, s_text text,
    s_first double precision, s_last double precision, s_places bigint, s_most bigint, s_is_up boolean
  ) RETURNS double precision[] LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  DECLARE
    s_collection constant text := (SELECT k.collection FROM ${schema}.record_lists AS k WHERE k.list = s_list[1]);
  BEGIN
    IF s_is_up THEN RETURN ARRAY(${timesOfStretch(schema, 'ASC')});
    ELSE RETURN ARRAY(${timesOfStretch(schema, 'DESC')});
    END IF;
  END $$;
  `
}

function timesOfStretch(schema: string, order: 'ASC' | 'DESC'): string {
  return `
      SELECT ${timeOf('p.order_slot')}
      FROM (
        SELECT s.order_slot, s.range_slot, o.at, o.id, o.other_0, o.other_1, o.text
        FROM unnest(s_list, s_order, s_range) AS s (list, order_slot, range_slot) CROSS JOIN LATERAL (
          SELECT * FROM ${schema}.record_places AS h
          WHERE h.line = s.list::bigint * 4 AND h.at BETWEEN s_first AND s_last ORDER BY h.at ${order}
        ) AS o
        LIMIT s_places
      ) AS p
      WHERE ${hasText(schema)} LIMIT s_most`
}

/** The longest run of sampled rows with the text, of one collection: how many of it are in the range, and from when to when it lasts. */
export function sampledStretch(rows: string): string {
  return `SELECT count(*) FILTER (WHERE r.is_within), min(r.time_0), max(r.time_0) FROM (\
SELECT o.*, count(*) FILTER (WHERE NOT o.has_text) OVER (ORDER BY o.time_0) AS run FROM ${rows} AS o WHERE o.is_own\
) AS r WHERE r.has_text GROUP BY r.run HAVING count(*) >= ${leastRun} ORDER BY count(*) DESC LIMIT 1`
}
