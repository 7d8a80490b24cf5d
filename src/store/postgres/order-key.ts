/** Locks that the order keys of a schema share: few enough for the server's lock table, whatever a batch holds. */
const lockCount = 256

/**
 * What keeps the order of order keys when several hosts work on one at once.
 *
 * Of the unsettled deliveries of an endpoint and key one is the first (`first_of_key` 1, unique by index), the others are held back. Whoever adds
 * to a key or settles of it holds its lock until the commit, and looks at the rows only then, so that none settles the first while another
 * still takes it for unsettled. Locks are taken in one order, in one go, before any row is.
 */
export function keyRoutines(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.lock_keys(k_endpoint text[], k_key text[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('carabiner ${schema}'), lock)
    FROM (
      SELECT DISTINCT hashtext(k.endpoint || chr(1) || k.key) & ${lockCount - 1} AS lock
      FROM unnest(k_endpoint, k_key) AS k (endpoint, key)
      WHERE k.key IS NOT NULL
      ORDER BY lock
    ) AS ordered;
  END $$;

  -- Lets the next delivery of each key go, unless one may go already. To be called with the keys locked.
  CREATE OR REPLACE FUNCTION ${schema}.pass_on(k_endpoint text[], k_key text[]) RETURNS boolean LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    UPDATE ${schema}.deliveries AS d SET first_of_key = 1
    FROM (SELECT DISTINCT endpoint, key FROM unnest(k_endpoint, k_key) AS k (endpoint, key) WHERE key IS NOT NULL) AS freed
      CROSS JOIN LATERAL (
        SELECT w.id FROM ${schema}.deliveries AS w
        WHERE w.endpoint = freed.endpoint AND w.order_key = freed.key AND w.settled_at IS NULL
        ORDER BY w.seq LIMIT 1
      ) AS next
    WHERE d.id = next.id AND NOT EXISTS (
      SELECT FROM ${schema}.deliveries AS f
      WHERE f.endpoint = freed.endpoint AND f.order_key = freed.key AND f.settled_at IS NULL AND f.first_of_key = 1
    );
    RETURN FOUND;
  END $$;

  -- Finds their place in their keys for deliveries that were stored in somebody else's transaction, which could not hold the locks.
  CREATE OR REPLACE FUNCTION ${schema}.place_keys() RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    k_id uuid[];
    k_endpoint text[];
    k_key text[];
  BEGIN
    SELECT array_agg(found.id), array_agg(found.endpoint), array_agg(found.order_key) INTO k_id, k_endpoint, k_key
    FROM (
      SELECT u.id, u.endpoint, u.order_key FROM ${schema}.deliveries AS u
      WHERE u.first_of_key = -1 AND u.settled_at IS NULL ORDER BY u.seq LIMIT 500
    ) AS found;
    IF k_id IS NULL THEN RETURN; END IF;

    PERFORM ${schema}.lock_keys(k_endpoint, k_key);
    UPDATE ${schema}.deliveries SET first_of_key = 0 WHERE id = ANY (k_id) AND first_of_key = -1;
    PERFORM ${schema}.pass_on(k_endpoint, k_key);
  END $$;
  `
}

/**
 * Indexes as they were made for, whatever the statistics of the moment say: a plan is kept, and the tables fill and empty. Without a price on
 * pages, looking rows up one by one costs the planner less than reading all of them, however few it takes them for.
 */
export const steadyPlans = `
    SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off
    SET random_page_cost = 0 SET plan_cache_mode = force_generic_plan`
