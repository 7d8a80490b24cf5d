import { steadyPlans } from './order-key.ts'

/** What keeps a store in order: takes over from dead hosts, and removes what has been settled for long enough. */
export function upkeepRoutines(schema: string): string {
  return `
  -- One step, over at most so many leases: to be repeated while all of them were there.
  CREATE OR REPLACE FUNCTION ${schema}.recover(
    r_sender text, r_now double precision, r_alive_since double precision, r_limit integer
  ) RETURNS TABLE (recovered integer, leases integer) LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    looked_at uuid[];
  BEGIN
    DELETE FROM ${schema}.hosts WHERE beat_at < r_alive_since;

    -- What was leased together and is not to be relied on: each is lost, settled, or leased anew, and then looked at again.
    WITH doubtful AS (
      DELETE FROM ${schema}.leases AS l WHERE l.ctid = ANY (ARRAY(
        SELECT o.ctid FROM ${schema}.leases AS o
        WHERE o.until <= r_now OR NOT EXISTS (SELECT FROM ${schema}.hosts AS h WHERE h.id = o.owner)
        LIMIT r_limit FOR UPDATE SKIP LOCKED
      )) RETURNING l.delivery_ids
    )
    SELECT array_agg(DISTINCT each.id), (SELECT count(*) FROM doubtful) INTO looked_at, leases
    FROM doubtful CROSS JOIN unnest(doubtful.delivery_ids) AS each (id);

    UPDATE ${schema}.deliveries AS d SET state = 'pending', due_at = least(d.due_at, r_now), lease_owner = NULL, lease_until = NULL
    WHERE d.id = ANY (ARRAY(
      SELECT s.id FROM ${schema}.deliveries AS s
      WHERE s.id = ANY (looked_at) AND s.state = 'sending'
        AND (s.lease_until <= r_now OR NOT EXISTS (SELECT FROM ${schema}.hosts AS h WHERE h.id = s.lease_owner))
      -- Who holds one this moment is settling or renewing it: it is not lost.
      FOR UPDATE SKIP LOCKED
    ));
    GET DIAGNOSTICS recovered = ROW_COUNT;

    INSERT INTO ${schema}.leases (owner, until, delivery_ids)
    SELECT d.lease_owner, d.lease_until, array_agg(d.id) FROM ${schema}.deliveries AS d
    WHERE d.id = ANY (looked_at) AND d.state = 'sending' GROUP BY d.lease_owner, d.lease_until;

    IF recovered > 0 THEN PERFORM ${schema}.tell(r_sender); END IF;
    RETURN NEXT;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.prune(p_before double precision, p_limit integer) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    gone uuid[];
    left_alone uuid[];
    removed integer;
    others integer;
  BEGIN
    -- With their messages: who gives one of them another delivery now is seen, or finds it gone. What another holds, whose message is being erased, too,
    -- is left for the next time: to wait with locks in hand would be a deadlock.
    SELECT coalesce(array_agg(old.id), '{}'), array_agg(DISTINCT old.message_id) INTO gone, left_alone
    FROM (
      SELECT d.id, d.message_id FROM ${schema}.deliveries AS d JOIN ${schema}.messages AS m ON m.id = d.message_id
      WHERE d.settled_at IS NOT NULL AND d.settled_at < p_before ORDER BY d.settled_at LIMIT p_limit FOR UPDATE SKIP LOCKED
    ) AS old;
    DELETE FROM ${schema}.attempts WHERE delivery_id = ANY (gone);
    DELETE FROM ${schema}.deliveries WHERE id = ANY (gone);
    removed := cardinality(gone);

    DELETE FROM ${schema}.messages AS m
    WHERE m.id = ANY (left_alone) AND NOT EXISTS (SELECT FROM ${schema}.deliveries AS d WHERE d.message_id = m.id);

    DELETE FROM ${schema}.redeliveries WHERE id IN (
      SELECT r.id FROM ${schema}.redeliveries AS r
      WHERE r.finished_at < p_before ORDER BY r.created_at, r.seq LIMIT p_limit - removed
    );
    GET DIAGNOSTICS others = ROW_COUNT;
    RETURN removed + others;
  END $$;
  `
}
