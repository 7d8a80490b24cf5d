import { steadyPlans } from './order-key.ts'

/** How due deliveries are found and leased; what is found costs the same whatever waits. */
export function claimRoutines(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.claim(
    c_owner text, c_until double precision, c_now double precision, c_endpoint text[], c_limit integer[]
  ) RETURNS TABLE (
    -- what cannot hold a blank, in one: a column costs more than a blank, here and where it is read
    facts text,
    endpoint text, order_key text, last_error text, redelivery_of uuid,
    origin text, type text, content_type text, headers text, trace_id text, tenant text,
    -- one of the two: in hex, as bytes are told, a text would be twice as long
    body_text text, body bytea
  ) LANGUAGE plpgsql ${steadyPlans} SET enable_sort = off AS $$
  #variable_conflict use_column
  BEGIN
    IF EXISTS (SELECT FROM ${schema}.deliveries AS u WHERE u.first_of_key = -1 AND u.settled_at IS NULL) THEN
      PERFORM ${schema}.place_keys();
    END IF;

    RETURN QUERY
    WITH due AS MATERIALIZED (
      SELECT found.row_at, asked.place
      FROM unnest(c_endpoint, c_limit) WITH ORDINALITY AS asked (endpoint, most, place)
        CROSS JOIN LATERAL (
          SELECT d.ctid AS row_at FROM ${schema}.deliveries AS d
          WHERE d.endpoint = asked.endpoint AND d.settled_at IS NULL AND d.state = 'pending' AND d.first_of_key = 1 AND d.due_at <= c_now
          ORDER BY d.due_at, d.seq LIMIT asked.most FOR UPDATE SKIP LOCKED
        ) AS found
    ), taken AS (
      -- One that changed at this moment is not where it was: it is left for the next claim.
      UPDATE ${schema}.deliveries AS d SET state = 'sending', lease_owner = c_owner, lease_until = c_until
      FROM due WHERE d.ctid = due.row_at
      RETURNING due.place, d.seq, d.id, d.message_id, d.endpoint, d.attempts, d.due_at, d.order_key, d.last_error, d.created_at, d.redelivery_of
    ), leased AS (
      INSERT INTO ${schema}.leases (owner, until, delivery_ids)
      SELECT c_owner, c_until, array_agg(t.id) FROM taken AS t HAVING count(*) > 0
    )
    SELECT concat_ws(' ', t.id, t.message_id, t.attempts, t.due_at, t.created_at, m.depth, m.created_at),
      t.endpoint::text, t.order_key::text, t.last_error, t.redelivery_of,
      m.origin, m.type, m.content_type, m.headers, m.trace_id, m.tenant,
      CASE WHEN m.is_text THEN convert_from(m.body, 'UTF8') END, CASE WHEN NOT m.is_text THEN m.body END
    -- Sorted while they are narrow.
    FROM (SELECT * FROM taken ORDER BY place, due_at, seq) AS t JOIN ${schema}.messages AS m ON m.id = t.message_id
    ORDER BY t.place, t.due_at, t.seq;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.next_due_at(n_endpoint text[]) RETURNS double precision LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    RETURN (
      SELECT min(next.due_at)
      FROM unnest(n_endpoint) AS asked (endpoint) CROSS JOIN (VALUES (-1), (1)) AS may_go (first_of_key)
        CROSS JOIN LATERAL (
          SELECT d.due_at FROM ${schema}.deliveries AS d
          WHERE d.endpoint = asked.endpoint AND d.settled_at IS NULL AND d.state = 'pending' AND d.first_of_key = may_go.first_of_key
          ORDER BY d.due_at LIMIT 1
        ) AS next
    );
  END $$;

  -- One step from endpoint to endpoint, whatever waits for each.
  CREATE OR REPLACE FUNCTION ${schema}.waiting_endpoints(w_after text, w_limit integer) RETURNS SETOF text LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    last text := w_after;
  BEGIN
    FOR step IN 1..w_limit LOOP
      SELECT min(d.endpoint) INTO last FROM ${schema}.deliveries AS d WHERE d.settled_at IS NULL AND d.state = 'pending' AND d.endpoint > last COLLATE "C";
      EXIT WHEN last IS NULL;
      RETURN NEXT last;
    END LOOP;
  END $$;
  `
}
