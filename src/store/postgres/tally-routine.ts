import { steadyPlans } from './order-key.ts'

/** How the deliveries of messages stand, and which endpoints have something due, without reading what else there is. */
export function tallyRoutines(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.tally(t_message_id uuid[]) RETURNS TABLE (
    message_id uuid, state text, deliveries integer, attempted integer
  ) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY
    SELECT d.message_id, d.state::text, count(*)::integer, count(*) FILTER (WHERE d.attempts > 0)::integer
    FROM ${schema}.deliveries AS d WHERE d.message_id = ANY (t_message_id) GROUP BY d.message_id, d.state;
  END $$;

  -- One step from name to name, whatever waits for each.
  CREATE OR REPLACE FUNCTION ${schema}.due_endpoints(
    d_prefix text, d_beyond text, d_after text, d_now double precision, d_visits integer
  ) RETURNS TABLE (endpoint text, is_due boolean) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  DECLARE
    last text := d_after;
  BEGIN
    FOR step IN 1..d_visits LOOP
      SELECT min(d.endpoint) INTO last FROM ${schema}.deliveries AS d
      WHERE d.settled_at IS NULL AND d.state = 'pending' AND d.endpoint > last COLLATE "C"
        AND d.endpoint >= d_prefix COLLATE "C" AND d.endpoint < d_beyond COLLATE "C";
      EXIT WHEN last IS NULL;
      endpoint := last;
      -- Those that find their place in their keys with the next claim may be due, too.
      is_due := EXISTS (
        SELECT FROM (VALUES (-1), (1)) AS may_go (first_of_key) CROSS JOIN LATERAL (
          SELECT FROM ${schema}.deliveries AS d
          WHERE d.endpoint = last AND d.settled_at IS NULL AND d.state = 'pending' AND d.first_of_key = may_go.first_of_key AND d.due_at <= d_now
          LIMIT 1
        ) AS due
      );
      RETURN NEXT;
    END LOOP;
  END $$;
  `
}
