import { raised } from './failure.ts'
import { steadyPlans } from './order-key.ts'

/** Stores messages with their deliveries, all or nothing. */
export function enqueueRoutine(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.enqueue(
    -- of a caller who brings a transaction: what its database must hold; null for a store's own
    e_version integer, e_store uuid,
    e_sender text, e_tell boolean,
    m_id uuid[], m_origin text[], m_type text[], m_content_type text[], m_headers text[], m_trace_id text[], m_tenant text[],
    m_depth integer[], m_created_at double precision[],
    -- where each body begins (the first byte is 1) and how long it is, in all bodies one after the other: bytes are sent as they are
    m_body_from integer[], m_body_length integer[], m_bodies bytea, m_is_text boolean[],
    d_id uuid[], d_message_id uuid[], d_endpoint text[], d_due_at double precision[], d_order_key text[],
    -- whether it comes before all others of its key that are given here
    d_leads boolean[],
    d_lease_owner text[], d_lease_until double precision[], d_created_at double precision[], d_redelivery_of uuid[]
  ) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    is_foreign constant boolean := e_version IS NOT NULL;
    stored integer;
    known record;
  BEGIN
    IF is_foreign THEN PERFORM ${schema}.check_store(e_version, e_store); END IF;
    -- A transaction of somebody else's may last, and may not see what is stored meanwhile: its deliveries find their place afterwards.
    IF NOT is_foreign THEN PERFORM ${schema}.lock_keys(d_endpoint, d_order_key); END IF;

    LOOP
      INSERT INTO ${schema}.messages (id, origin, type, content_type, headers, trace_id, tenant, depth, created_at, body, is_text)
      SELECT g.id, g.origin, g.type, g.content_type, g.headers, g.trace_id, g.tenant, g.depth, g.created_at,
        substring(m_bodies FROM g.body_from FOR g.body_length), g.is_text
      FROM unnest(
        m_id, m_origin, m_type, m_content_type, m_headers, m_trace_id, m_tenant, m_depth, m_created_at, m_body_from, m_body_length, m_is_text
      ) AS g (id, origin, type, content_type, headers, trace_id, tenant, depth, created_at, body_from, body_length, is_text)
      ON CONFLICT (id) DO NOTHING;
      GET DIAGNOSTICS stored = ROW_COUNT;
      EXIT WHEN stored = cardinality(m_id);

      -- Those stored before stay as long as this goes on, and must be what is given.
      PERFORM FROM ${schema}.messages AS m WHERE m.id = ANY (m_id) ORDER BY m.id FOR KEY SHARE;
      SELECT m.id, m.erased_at INTO known
      FROM unnest(m_id, m_type, m_content_type, m_body_from, m_body_length) AS g (id, type, content_type, body_from, body_length)
        JOIN ${schema}.messages AS m ON m.id = g.id
      WHERE m.erased_at IS NOT NULL OR (m.type, m.content_type, m.body)
        IS DISTINCT FROM (g.type, g.content_type, substring(m_bodies FROM g.body_from FOR g.body_length))
      LIMIT 1;
      IF known.erased_at IS NOT NULL THEN
        RAISE EXCEPTION 'the message was erased' USING ERRCODE = '${raised.messageErased}', DETAIL = known.id;
      ELSIF known.id IS NOT NULL THEN
        RAISE EXCEPTION 'the message differs' USING ERRCODE = '${raised.messageDiffers}', DETAIL = known.id;
      END IF;
      -- One that was removed before it could be kept is stored anew.
      EXIT WHEN NOT EXISTS (
        SELECT FROM unnest(m_id) AS g (id) WHERE NOT EXISTS (SELECT FROM ${schema}.messages AS m WHERE m.id = g.id)
      );
    END LOOP;

    INSERT INTO ${schema}.deliveries
      (id, message_id, endpoint, state, due_at, order_key, first_of_key, lease_owner, lease_until, created_at, redelivery_of, redelivery_root)
    SELECT g.id, g.message_id, g.endpoint, CASE WHEN g.lease_owner IS NULL THEN 'pending' ELSE 'sending' END, g.due_at, g.order_key,
      CASE
        WHEN g.order_key IS NULL THEN 1
        WHEN is_foreign THEN -1
        WHEN g.leads AND NOT EXISTS (
          SELECT FROM ${schema}.deliveries AS a
          WHERE a.endpoint = g.endpoint AND a.order_key = g.order_key AND a.settled_at IS NULL
        ) THEN 1
        ELSE 0
      END,
      g.lease_owner, g.lease_until, g.created_at, g.redelivery_of,
      -- What repeats a redelivery repeats the delivery that one began with.
      CASE WHEN g.redelivery_of IS NOT NULL THEN coalesce(
        (SELECT r.redelivery_root FROM ${schema}.deliveries AS r WHERE r.id = g.redelivery_of), g.redelivery_of
      ) END
    FROM unnest(d_id, d_message_id, d_endpoint, d_due_at, d_order_key, d_leads, d_lease_owner, d_lease_until, d_created_at, d_redelivery_of)
      WITH ORDINALITY AS g (id, message_id, endpoint, due_at, order_key, leads, lease_owner, lease_until, created_at, redelivery_of, place)
    ORDER BY g.place;

    INSERT INTO ${schema}.leases (owner, until, delivery_ids)
    SELECT g.owner, g.until, array_agg(g.id) FROM unnest(d_id, d_lease_owner, d_lease_until) AS g (id, owner, until)
    WHERE g.owner IS NOT NULL GROUP BY g.owner, g.until;

    IF e_tell THEN PERFORM ${schema}.tell(e_sender); END IF;
  END $$;

  -- Word to the other processes on the store, at most one for each sender in a transaction.
  CREATE OR REPLACE FUNCTION ${schema}.tell(t_sender text) RETURNS void LANGUAGE sql AS $$
    SELECT pg_notify('carabiner_${schema}', t_sender)
  $$;

  CREATE OR REPLACE FUNCTION ${schema}.check_store(c_version integer, c_store uuid) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    here ${schema}.carabiner_store;
  BEGIN
    SELECT * INTO here FROM ${schema}.carabiner_store;
    IF here.version <> c_version THEN
      RAISE EXCEPTION 'another version' USING ERRCODE = '${raised.otherVersion}', DETAIL = here.version;
    ELSIF here.id <> c_store THEN
      RAISE EXCEPTION 'another store' USING ERRCODE = '${raised.otherStore}';
    END IF;
  END $$;
  `
}
