import { steadyPlans } from './order-key.ts'

/** What keeps a store in order: takes over from dead hosts, and removes what has been settled for long enough. */
export function upkeepRoutines(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.recover(
    r_sender text, r_now double precision, r_alive_since double precision
  ) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    recovered integer;
  BEGIN
    DELETE FROM ${schema}.hosts WHERE beat_at < r_alive_since;
    UPDATE ${schema}.deliveries AS d SET state = 'pending', due_at = least(d.due_at, r_now), lease_owner = NULL, lease_until = NULL
    FROM (
      SELECT l.id FROM ${schema}.deliveries AS l
      WHERE l.lease_until IS NOT NULL
        AND (l.lease_until <= r_now OR NOT EXISTS (SELECT FROM ${schema}.hosts AS h WHERE h.id = l.lease_owner))
      -- Who holds one this moment is settling or renewing it: it is not lost.
      FOR UPDATE SKIP LOCKED
    ) AS lost
    WHERE d.id = lost.id;
    GET DIAGNOSTICS recovered = ROW_COUNT;
    IF recovered > 0 THEN PERFORM ${schema}.tell(r_sender); END IF;
    RETURN recovered;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.prune(p_before double precision, p_limit integer) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    gone uuid[];
    left_alone uuid[];
    removed integer;
    others integer;
  BEGIN
    SELECT coalesce(array_agg(old.id), '{}'), array_agg(DISTINCT old.message_id) INTO gone, left_alone
    FROM (
      SELECT d.id, d.message_id FROM ${schema}.deliveries AS d
      WHERE d.settled_at IS NOT NULL AND d.settled_at < p_before ORDER BY d.settled_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    ) AS old;
    DELETE FROM ${schema}.attempts WHERE delivery_id = ANY (gone);
    DELETE FROM ${schema}.deliveries WHERE id = ANY (gone);
    removed := cardinality(gone);

    -- Locked first: who gives one of them another delivery now is seen, or finds it gone.
    PERFORM FROM ${schema}.messages AS m WHERE m.id = ANY (left_alone) ORDER BY m.id FOR UPDATE;
    DELETE FROM ${schema}.messages AS m
    WHERE m.id = ANY (left_alone) AND NOT EXISTS (SELECT FROM ${schema}.deliveries AS d WHERE d.message_id = m.id);

    DELETE FROM ${schema}.audit WHERE seq IN (
      SELECT a.seq FROM ${schema}.audit AS a WHERE a.created_at < p_before ORDER BY a.created_at LIMIT p_limit - removed
    );
    GET DIAGNOSTICS others = ROW_COUNT;
    removed := removed + others;

    DELETE FROM ${schema}.redeliveries WHERE id IN (
      SELECT r.id FROM ${schema}.redeliveries AS r
      WHERE r.finished_at < p_before ORDER BY r.created_at, r.seq LIMIT p_limit - removed
    );
    GET DIAGNOSTICS others = ROW_COUNT;
    RETURN removed + others;
  END $$;
  `
}
