import { raised } from './failure.ts'
import { steadyPlans } from './order-key.ts'

/** The ways of deliveries to their end, each letting the next of an order key go. */
export function settleRoutines(schema: string): string {
  return `
  -- Returns the places, in what was given, of those that were not settled: mostly none.
  CREATE OR REPLACE FUNCTION ${schema}.settle(
    s_sender text, s_tell boolean,
    s_id uuid[], s_owner text[], s_state text[], s_due_at double precision[], s_reason text[], s_settled_at double precision[],
    -- no number: no attempt was made
    a_number integer[], a_started_at double precision[], a_duration_ms double precision[], a_phases text[], a_outcome text[],
    a_status integer[], a_response_headers text[], a_error text[], a_response_body bytea[]
  ) RETURNS integer[] LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    settled bigint[];
    freed_endpoint text[];
    freed_key text[];
    passed boolean := false;
  BEGIN
    IF EXISTS (SELECT FROM ${schema}.deliveries AS k WHERE k.order_key IS NOT NULL AND k.settled_at IS NULL) THEN
      PERFORM ${schema}.lock_keys(array_agg(d.endpoint), array_agg(d.order_key))
      FROM ${schema}.deliveries AS d WHERE d.id = ANY (s_id) AND d.order_key IS NOT NULL;
    END IF;

    -- Held from here on, each row stays where it is, and can be looked up once and changed there.
    PERFORM FROM ${schema}.deliveries AS d WHERE d.id = ANY (s_id) ORDER BY d.id FOR NO KEY UPDATE;

    WITH done AS (
      UPDATE ${schema}.deliveries AS d SET
        state = g.state, attempts = greatest(d.attempts, coalesce(g.number, 0)), due_at = coalesce(g.due_at, d.due_at),
        last_error = coalesce(g.reason, d.last_error), settled_at = g.settled_at, lease_owner = NULL, lease_until = NULL
      FROM (
        SELECT given.*, held.row_at
        FROM unnest(
          s_id, s_owner, s_state, s_due_at, s_reason, s_settled_at,
          a_number, a_started_at, a_duration_ms, a_phases, a_outcome, a_status, a_response_headers, a_error, a_response_body
        ) WITH ORDINALITY AS given (
          id, owner, state, due_at, reason, settled_at,
          number, started_at, duration_ms, phases, outcome, status, response_headers, error, response_body, place
        ) CROSS JOIN LATERAL (
          SELECT u.ctid AS row_at FROM ${schema}.deliveries AS u
          WHERE u.id = given.id AND u.state = 'sending' AND u.lease_owner = given.owner OFFSET 0
        ) AS held
      ) AS g
      WHERE d.ctid = g.row_at
      RETURNING g.place, d.id, d.endpoint, CASE WHEN d.settled_at IS NOT NULL THEN d.order_key END AS freed,
        g.number, g.started_at, g.duration_ms, g.phases, g.outcome, g.status, g.response_headers, g.error, g.response_body
    ), recorded AS (
      -- One that was lost with its host is repeated under the same number: the last one stands.
      INSERT INTO ${schema}.attempts
        (delivery_id, number, started_at, duration_ms, phases, outcome, status, response_headers, error, response_body)
      SELECT done.id, done.number, done.started_at, done.duration_ms, done.phases, done.outcome, done.status, done.response_headers,
        done.error, done.response_body
      FROM done WHERE done.number IS NOT NULL
      ON CONFLICT (delivery_id, number) DO UPDATE SET
        started_at = excluded.started_at, duration_ms = excluded.duration_ms, phases = excluded.phases, outcome = excluded.outcome,
        status = excluded.status, response_headers = excluded.response_headers, error = excluded.error,
        response_body = excluded.response_body
    )
    SELECT array_agg(done.place), array_agg(done.endpoint) FILTER (WHERE done.freed IS NOT NULL), array_agg(done.freed) FILTER (WHERE done.freed IS NOT NULL)
    INTO settled, freed_endpoint, freed_key FROM done;

    IF freed_key IS NOT NULL THEN passed := ${schema}.pass_on(freed_endpoint, freed_key); END IF;
    IF s_tell OR passed THEN PERFORM ${schema}.tell(s_sender); END IF;
    IF cardinality(settled) = cardinality(s_id) THEN RETURN '{}'; END IF;
    RETURN ARRAY(SELECT place FROM generate_subscripts(s_id, 1) AS place WHERE place <> ALL (coalesce(settled, '{}')));
  END $$;

  -- Of settlements with something beside them, all have to be made, or nothing of the statement is: given are the places of those that were not, and
  -- by place how the caller knows each that has something beside it.
  CREATE OR REPLACE FUNCTION ${schema}.all_settled(a_refused integer[], a_beside integer[]) RETURNS integer[] LANGUAGE plpgsql AS $$
  DECLARE
    lost text;
  BEGIN
    SELECT string_agg(a_beside[r.place]::text, ' ') INTO lost FROM unnest(a_refused) AS r (place);
    IF lost IS NOT NULL THEN RAISE EXCEPTION 'not the owner''s to settle' USING ERRCODE = '${raised.notSettled}', DETAIL = lost; END IF;
    RETURN a_refused;
  END $$;

  -- Settles what waits, and is among those named, without a try. Resolves to the number.
  CREATE OR REPLACE FUNCTION ${schema}.give_up(
    g_sender text, g_id uuid[], g_state text, g_reason text, g_at double precision
  ) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    given_up integer;
    freed_endpoint text[];
    freed_key text[];
  BEGIN
    SELECT array_agg(d.endpoint), array_agg(d.order_key) INTO freed_endpoint, freed_key
    FROM ${schema}.deliveries AS d WHERE d.id = ANY (g_id) AND d.order_key IS NOT NULL;
    PERFORM ${schema}.lock_keys(freed_endpoint, freed_key);

    UPDATE ${schema}.deliveries SET state = g_state, last_error = coalesce(g_reason, last_error), settled_at = g_at
    WHERE id = ANY (g_id) AND state = 'pending';
    GET DIAGNOSTICS given_up = ROW_COUNT;

    IF ${schema}.pass_on(freed_endpoint, freed_key) THEN PERFORM ${schema}.tell(g_sender); END IF;
    RETURN given_up;
  END $$;

  -- What is held back by its order key goes first: nothing is left behind that waits for what is given up already.
  CREATE OR REPLACE FUNCTION ${schema}.give_up_waiting(
    b_sender text, b_endpoint text, b_state text, b_reason text, b_at double precision, b_limit integer
  ) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    RETURN ${schema}.give_up(b_sender, ARRAY(
      SELECT d.id FROM ${schema}.deliveries AS d
      WHERE d.endpoint = b_endpoint AND d.settled_at IS NULL AND d.state = 'pending' ORDER BY d.first_of_key, d.due_at, d.seq LIMIT b_limit
    ), b_state, b_reason, b_at);
  END $$;
  `
}
