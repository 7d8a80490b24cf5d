import { steadyPlans } from './order-key.ts'

/** Redeliveries of many, and their way through the deliveries. */
export function redeliveryRoutine(schema: string): string {
  return `
  -- Written out, so that the index can be chosen that holds what is asked for.
  CREATE OR REPLACE FUNCTION ${schema}.redelivery_condition(c_filter text, c_before double precision) RETURNS text LANGUAGE sql AS $$
    SELECT concat_ws(' AND ',
      format('d.settled_at IS NOT NULL AND d.settled_at < %L AND d.state = %L', c_before, f.filter ->> 'state'),
      CASE WHEN f.filter ->> 'state' IN ('dead', 'cancelled') THEN format('d.given_up = %L', f.filter ->> 'state') END,
      CASE WHEN f.filter ? 'endpoint' THEN format('d.endpoint = %L', f.filter ->> 'endpoint') END,
      CASE WHEN f.filter ? 'from' THEN format('d.created_at >= %L', f.filter ->> 'from') END,
      CASE WHEN f.filter ? 'to' THEN format('d.created_at < %L', f.filter ->> 'to') END
    ) FROM (SELECT c_filter::jsonb) AS f (filter)
  $$;

  CREATE OR REPLACE FUNCTION ${schema}.create_redelivery(
    c_id uuid, c_filter text, c_actor text, c_at double precision
  ) RETURNS SETOF ${schema}.redeliveries LANGUAGE plpgsql AS $$
  DECLARE
    matching integer;
  BEGIN
    EXECUTE 'SELECT count(*) FROM ${schema}.deliveries AS d WHERE ' || ${schema}.redelivery_condition(c_filter, c_at) INTO matching;
    RETURN QUERY INSERT INTO ${schema}.redeliveries (id, filter, actor, state, matched, created_at)
      VALUES (c_id, c_filter, c_actor, 'running', matching, c_at) RETURNING *;
  END $$;

  -- The endpoints that have something new; null when the redelivery is not the owner's, or not running.
  CREATE OR REPLACE FUNCTION ${schema}.advance_redelivery(
    a_sender text, a_id uuid, a_owner text, a_now double precision, a_outstanding integer,
    -- for the new deliveries: one for each delivery that is looked at
    a_new_id uuid[]
  ) RETURNS text[] LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    r ${schema}.redeliveries;
    room integer;
    looked integer := 0;
    is_whole boolean := true;
    found record;
    endpoints text[] := '{}';
  BEGIN
    -- One step at a time, so that no two redeliveries repeat the same delivery.
    PERFORM pg_advisory_xact_lock(hashtext('carabiner ${schema} redelivery'), 0);
    SELECT * INTO r FROM ${schema}.redeliveries AS s WHERE s.id = a_id AND s.state = 'running' AND s.lease_owner = a_owner FOR UPDATE;
    IF r.id IS NULL THEN RETURN NULL; END IF;

    SELECT a_outstanding - count(*) INTO room FROM ${schema}.deliveries AS d
    WHERE d.redelivery_id = a_id AND d.settled_at IS NULL AND (d.state = 'sending' OR d.due_at <= a_now);

    FOR found IN EXECUTE
      'SELECT d.id, d.message_id, d.endpoint, d.created_at, d.seq, coalesce(d.redelivery_root, d.id) AS root, m.erased_at
      FROM ${schema}.deliveries AS d JOIN ${schema}.messages AS m ON m.id = d.message_id
      WHERE ' || ${schema}.redelivery_condition(r.filter, r.created_at) || ' AND (d.created_at, d.seq) > ($1, $2)
      ORDER BY d.created_at, d.seq LIMIT $3'
      USING r.reached_at, r.reached_seq, cardinality(a_new_id)
    LOOP
      IF found.erased_at IS NOT NULL OR EXISTS (
        SELECT FROM ${schema}.deliveries AS o
        WHERE o.redelivery_root = found.root AND o.state IN ('pending', 'sending', 'delivered')
      ) THEN
        r.skipped := r.skipped + 1;
      ELSIF room <= 0 THEN
        is_whole := false;
        EXIT;
      ELSE
        INSERT INTO ${schema}.deliveries
          (id, message_id, endpoint, state, due_at, first_of_key, created_at, redelivery_of, redelivery_root, redelivery_id)
        VALUES (a_new_id[looked + 1], found.message_id, found.endpoint, 'pending', a_now, 1, a_now, found.root, found.root, a_id);
        r.redelivered := r.redelivered + 1;
        room := room - 1;
        endpoints := endpoints || found.endpoint::text;
      END IF;
      looked := looked + 1;
      r.reached_at := found.created_at;
      r.reached_seq := found.seq;
    END LOOP;

    IF is_whole AND looked < cardinality(a_new_id) THEN
      r.state := 'done';
      r.finished_at := a_now;
      r.lease_owner := NULL;
      r.lease_until := NULL;
    END IF;
    UPDATE ${schema}.redeliveries AS s SET
      state = r.state, redelivered = r.redelivered, skipped = r.skipped, reached_at = r.reached_at, reached_seq = r.reached_seq,
      finished_at = r.finished_at, lease_owner = r.lease_owner, lease_until = r.lease_until
    WHERE s.id = a_id;
    IF cardinality(endpoints) > 0 THEN PERFORM ${schema}.tell(a_sender); END IF;
    RETURN ARRAY(SELECT DISTINCT e FROM unnest(endpoints) AS e);
  END $$;
  `
}
