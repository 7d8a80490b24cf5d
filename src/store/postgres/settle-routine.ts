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
    settled integer[] := '{}';
    freed_endpoint text[] := '{}';
    freed_key text[] := '{}';
    is_repeated boolean := false;
    is_held boolean := false;
    is_whole boolean;
    -- the places of those whose attempt is a row of its own
    apart integer[] := '{}';
    passed boolean := false;
    done record;
  BEGIN
    IF EXISTS (SELECT FROM ${schema}.deliveries AS k WHERE k.order_key IS NOT NULL AND k.settled_at IS NULL) THEN
      PERFORM ${schema}.lock_keys(array_agg(d.endpoint), array_agg(d.order_key))
      FROM ${schema}.deliveries AS d WHERE d.id = ANY (s_id) AND d.order_key IS NOT NULL;
    END IF;

    LOOP
      -- Elements are taken from where they are: \`unnest\` would put each array into a table of its own first.
      WITH done AS (
        UPDATE ${schema}.deliveries AS d SET
          state = s_state[held.place], attempts = greatest(d.attempts, coalesce(a_number[held.place], 0)), due_at = coalesce(s_due_at[held.place], d.due_at),
          last_error = coalesce(s_reason[held.place], d.last_error), settled_at = s_settled_at[held.place], lease_owner = NULL, lease_until = NULL,
          attempt_started_at = a_started_at[held.last], attempt_duration_ms = a_duration_ms[held.last], attempt_phases = a_phases[held.last],
          attempt_outcome = a_outcome[held.last], attempt_status = a_status[held.last],
          attempt_response_headers = a_response_headers[held.last], attempt_error = a_error[held.last],
          attempt_response_body = a_response_body[held.last]
        FROM (
          SELECT given.place, found.row_at, found.attempts,
            -- the place once more, if this attempt is its last: it stands with the delivery. No element of an array has the place null.
            CASE WHEN s_settled_at[given.place] IS NOT NULL AND a_number[given.place] >= found.attempts THEN given.place END AS last
          FROM generate_subscripts(s_id, 1) AS given (place) CROSS JOIN LATERAL (
            SELECT u.ctid AS row_at, u.attempts FROM ${schema}.deliveries AS u
            WHERE u.id = s_id[given.place] AND u.state = 'sending' AND u.lease_owner = s_owner[given.place] OFFSET 0
          ) AS found
        ) AS held
        WHERE d.ctid = held.row_at
        RETURNING held.place, held.last IS NULL AND a_number[held.place] IS NOT NULL AS is_apart, a_number[held.place] <= held.attempts AS is_repeated,
          CASE WHEN d.settled_at IS NOT NULL AND d.order_key IS NOT NULL THEN d.endpoint END AS freed_endpoint,
          CASE WHEN d.settled_at IS NOT NULL THEN d.order_key END AS freed_key
      )
      SELECT array_agg(d.place) AS places, array_agg(d.place) FILTER (WHERE d.is_apart) AS apart, bool_or(d.is_repeated) AS is_repeated,
        array_agg(d.freed_endpoint) FILTER (WHERE d.freed_key IS NOT NULL) AS endpoints, array_agg(d.freed_key) FILTER (WHERE d.freed_key IS NOT NULL) AS keys
      INTO done FROM done AS d;
      settled := settled || done.places;
      apart := apart || done.apart;
      freed_endpoint := freed_endpoint || done.endpoints;
      freed_key := freed_key || done.keys;
      is_repeated := is_repeated OR coalesce(done.is_repeated, false);
      is_whole := cardinality(settled) = cardinality(s_id);
      EXIT WHEN is_whole OR is_held;
      -- One that changed at this moment was passed over. Held from here on, each stays where it is; those that are settled are not \`sending\` any more.
      PERFORM FROM ${schema}.deliveries AS d WHERE d.id = ANY (s_id) ORDER BY d.id FOR NO KEY UPDATE;
      is_held := true;
    END LOOP;

    -- One that was lost with its host is repeated under the same number: the last one stands.
    IF is_repeated THEN
      DELETE FROM ${schema}.attempts AS a USING unnest(s_id, a_number) WITH ORDINALITY AS g (id, number, place)
      WHERE a.delivery_id = g.id AND a.number = g.number AND g.place = ANY (settled);
    END IF;
    IF cardinality(apart) > 0 THEN
      INSERT INTO ${schema}.attempts
        (delivery_id, number, started_at, duration_ms, phases, outcome, status, response_headers, error, response_body)
      SELECT s_id[place], a_number[place], a_started_at[place], a_duration_ms[place], a_phases[place], a_outcome[place], a_status[place],
        a_response_headers[place], a_error[place], a_response_body[place]
      FROM unnest(apart) AS place;
    END IF;

    IF cardinality(freed_key) > 0 THEN passed := ${schema}.pass_on(freed_endpoint, freed_key); END IF;
    IF s_tell OR passed THEN PERFORM ${schema}.tell(s_sender); END IF;
    IF is_whole THEN RETURN '{}'; END IF;
    RETURN ARRAY(SELECT place FROM generate_subscripts(s_id, 1) AS place WHERE place <> ALL (settled));
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

  -- Of what was given up with something beside it, all has to be, or nothing of the statement is.
  CREATE OR REPLACE FUNCTION ${schema}.all_given_up(a_given_up integer, a_wanted integer) RETURNS integer LANGUAGE plpgsql AS $$
  BEGIN
    IF a_given_up < a_wanted THEN RAISE EXCEPTION 'nothing that waits' USING ERRCODE = '${raised.notSettled}'; END IF;
    RETURN a_given_up;
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
