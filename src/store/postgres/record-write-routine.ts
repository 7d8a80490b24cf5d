import { raised } from './failure.ts'
import { steadyPlans } from './order-key.ts'

/**
 * How records are written, removed and expire.
 *
 * A put is one step whether its record is new or not, and locks it; within a round this goes by id, so that two hosts do not wait for each other.
 * What records are found by comes after all of them: see `recordKeyRoutines`.
 */
export function recordWriteRoutines(schema: string): string {
  return `
  -- In rounds, of which the last places are given: a record is in each round once, and a round holds puts, patches or removals (neither value nor
  -- patch) only.
  CREATE OR REPLACE FUNCTION ${schema}.write_records(
    w_last integer[], w_collection text[], w_id text[],
    -- the version; -1: there is none; null: anything
    w_expects double precision[],
    w_value text[], w_content bytea[], w_keys text[], w_tenant text[], w_message_id uuid[], w_expires_at double precision[],
    -- JSON: { set, add, facets }, each an object
    w_patch text[],
    -- JSON of how a record shall be listed: see list_as
    w_listed text[] DEFAULT NULL
  ) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    a integer := 1;
    z integer;
  BEGIN
    IF cardinality(w_last) > 1 OR w_value[1] IS NULL THEN
      -- Held from here on, each stays where it is, and can be changed or removed there.
      PERFORM FROM ${schema}.records AS r
      WHERE (r.collection, r.id) IN (SELECT g.collection, g.id FROM unnest(w_collection, w_id) AS g (collection, id))
      ORDER BY r.collection, r.id FOR UPDATE;
    END IF;

    FOREACH z IN ARRAY w_last LOOP
      IF w_patch[a] IS NOT NULL THEN
        PERFORM ${schema}.patch_records(w_collection[a:z], w_id[a:z], w_patch[a:z]::jsonb[]);
        PERFORM ${schema}.move_listed(w_collection[a:z], w_id[a:z], ARRAY(SELECT p.patch::jsonb -> 'facets' FROM unnest(w_patch[a:z]) WITH ORDINALITY AS p (patch, place) ORDER BY p.place));
      ELSIF w_value[a] IS NULL THEN
        PERFORM ${schema}.remove_records(a, w_collection[a:z], w_id[a:z], w_expects[a:z]);
        PERFORM ${schema}.list_as(w_collection[a:z], w_id[a:z], array_fill(NULL::jsonb, ARRAY[z - a + 1]));
      ELSE
        PERFORM ${schema}.put_records(
          a, w_collection[a:z], w_id[a:z], w_expects[a:z], w_value[a:z], w_content[a:z], w_keys[a:z], w_tenant[a:z], w_message_id[a:z], w_expires_at[a:z]
        );
        PERFORM ${schema}.list_as(w_collection[a:z], w_id[a:z], w_listed[a:z]::jsonb[]);
      END IF;
      a := z + 1;
    END LOOP;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.put_records(
    p_first integer, p_collection text[], p_id text[], p_expects double precision[], p_value text[], p_content bytea[],
    p_keys text[], p_tenant text[], p_message_id uuid[], p_expires_at double precision[]
  -- What was given and what came of it are joined by hash: a batch costs what its rows do.
  ) RETURNS void LANGUAGE plpgsql SET enable_hashjoin = on SET enable_nestloop = off AS $$
  DECLARE
    unmet integer;
    taken integer;
    c_place integer[];
    c_collection text[];
    c_id text[];
    c_new jsonb[];
    c_old jsonb[];
  BEGIN
    WITH written AS (
      INSERT INTO ${schema}.records AS r (collection, id, version, value, content, keys, tenant, message_id, expires_at)
      SELECT g.collection, g.id, 1, g.value, g.content, g.keys, g.tenant, g.message_id, g.expires_at
      FROM unnest(p_collection, p_id, p_value, p_content, p_keys, p_tenant, p_message_id, p_expires_at)
        AS g (collection, id, value, content, keys, tenant, message_id, expires_at)
      ORDER BY g.collection COLLATE "C", g.id COLLATE "C"
      ON CONFLICT (collection, id) DO UPDATE SET
        version = r.version + 1, value = excluded.value, content = excluded.content,
        erased_at = CASE WHEN excluded.content IS NULL THEN r.erased_at END,
        keys = excluded.keys, former_keys = CASE WHEN r.keys <> excluded.keys THEN r.keys END,
        tenant = excluded.tenant, message_id = excluded.message_id, expires_at = excluded.expires_at
      RETURNING r.collection, r.id, r.version, r.former_keys
    ), compared AS (
      SELECT g.place, g.collection, g.id, g.keys, w.version, w.former_keys,
        CASE
          WHEN g.expects IS NULL THEN true
          WHEN g.expects = -1 THEN w.version = 1
          ELSE w.version > 1 AND w.version = g.expects + 1
        END AS is_met
      FROM unnest(p_collection, p_id, p_expects, p_keys) WITH ORDINALITY AS g (collection, id, expects, keys, place)
        JOIN written AS w ON w.collection = g.collection AND w.id = g.id
    )
    SELECT (SELECT min(u.place) FROM compared AS u WHERE NOT u.is_met),
      array_agg(c.place), array_agg(c.collection), array_agg(c.id), array_agg(c.keys::jsonb), array_agg(c.former_keys::jsonb)
    INTO unmet, c_place, c_collection, c_id, c_new, c_old
    FROM compared AS c WHERE c.version = 1 OR c.former_keys IS NOT NULL;

    IF c_id IS NOT NULL THEN
      taken := ${schema}.take_unique(c_place, c_collection, c_id, c_new, c_old);
    END IF;
    IF taken < coalesce(unmet, taken + 1) THEN
      PERFORM ${schema}.refuse_record(p_first + taken - 1, 'unique');
    ELSIF unmet IS NOT NULL THEN
      PERFORM ${schema}.refuse_record(p_first + unmet - 1, CASE p_expects[unmet] WHEN -1 THEN 'exists' ELSE 'version' END);
    END IF;
    IF c_id IS NOT NULL THEN
      PERFORM ${schema}.enter_records(c_collection, c_id, c_new, c_old);
    END IF;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.patch_records(t_collection text[], t_id text[], t_patch jsonb[]) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    UPDATE ${schema}.records AS r SET version = r.version + 1, value = ${schema}.patched(r.value, g.patch -> 'set', g.patch -> 'add')
    FROM (
      SELECT t.patch, held.row_at
      FROM unnest(t_collection, t_id, t_patch) AS t (collection, id, patch) CROSS JOIN LATERAL (
        SELECT h.ctid AS row_at FROM ${schema}.records AS h WHERE h.collection = t.collection AND h.id = t.id OFFSET 0
      ) AS held
    ) AS g
    WHERE r.ctid = g.row_at;
  END $$;

  -- Members of an object that are set, then those that are raised; what is no object stays.
  CREATE OR REPLACE FUNCTION ${schema}.patched(p_value text, p_set jsonb, p_add jsonb) RETURNS text LANGUAGE plpgsql IMMUTABLE AS $$
  DECLARE
    whole jsonb;
    before jsonb;
    member text;
    raise_by jsonb;
  BEGIN
    IF left(p_value, 1) <> '{' THEN RETURN p_value; END IF;
    whole := p_value::jsonb || p_set;
    FOR member, raise_by IN SELECT a.key, a.value FROM jsonb_each(p_add) AS a LOOP
      before := whole -> member;
      whole := whole || jsonb_build_object(
        member, raise_by::numeric + CASE jsonb_typeof(before) WHEN 'number' THEN before::numeric ELSE 0 END
      );
    END LOOP;
    RETURN whole;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.remove_records(
    m_first integer, m_collection text[], m_id text[], m_expects double precision[]
  ) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    unmet integer;
    removed_at bigint[];
    g_collection text[];
    g_id text[];
    g_keys jsonb[];
  BEGIN
    WITH removed AS (
      DELETE FROM ${schema}.records AS r
      USING (
        SELECT g.place, held.row_at
        FROM unnest(m_collection, m_id) WITH ORDINALITY AS g (collection, id, place) CROSS JOIN LATERAL (
          SELECT h.ctid AS row_at FROM ${schema}.records AS h WHERE h.collection = g.collection AND h.id = g.id OFFSET 0
        ) AS held
      ) AS g
      WHERE r.ctid = g.row_at
      RETURNING g.place, r.collection, r.id, r.version, r.keys
    )
    SELECT min(o.place) FILTER (WHERE o.version <> m_expects[o.place]), coalesce(array_agg(o.place), '{}'),
      array_agg(o.collection), array_agg(o.id), array_agg(o.keys::jsonb)
    INTO unmet, removed_at, g_collection, g_id, g_keys FROM removed AS o;
    unmet := least(unmet, (
      SELECT min(g.place) FROM unnest(m_expects) WITH ORDINALITY AS g (expects, place)
      WHERE g.expects IS NOT NULL AND g.place <> ALL (removed_at)
    ));

    IF unmet IS NOT NULL THEN PERFORM ${schema}.refuse_record(m_first + unmet - 1, 'version'); END IF;
    PERFORM ${schema}.forget_keys(g_collection, g_id, g_keys);
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.refuse_record(r_place integer, r_conflict text) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    RAISE EXCEPTION 'a record was not written' USING ERRCODE = '${raised.recordConflict}', DETAIL = r_place || ' ' || r_conflict;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.expire_records(x_now double precision, x_limit integer) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    expired integer;
    g_collection text[];
    g_id text[];
    g_keys jsonb[];
  BEGIN
    WITH gone AS (
      DELETE FROM ${schema}.records AS r WHERE r.ctid = ANY (ARRAY(
        SELECT o.ctid FROM ${schema}.records AS o
        WHERE o.expires_at IS NOT NULL AND o.expires_at <= x_now ORDER BY o.expires_at LIMIT x_limit FOR UPDATE SKIP LOCKED
      )) RETURNING r.collection, r.id, r.keys
    )
    SELECT count(*), array_agg(gone.collection), array_agg(gone.id), array_agg(gone.keys::jsonb) INTO expired, g_collection, g_id, g_keys FROM gone;
    IF expired > 0 THEN
      PERFORM ${schema}.forget_keys(g_collection, g_id, g_keys);
      PERFORM ${schema}.list_as(g_collection, g_id, array_fill(NULL::jsonb, ARRAY[expired]));
    END IF;
    RETURN expired;
  END $$;

  -- The rows stay, as proof that something was there.
  CREATE OR REPLACE FUNCTION ${schema}.erase_records(
    e_message uuid, e_tenant text, e_at double precision, e_limit integer
  ) RETURNS integer LANGUAGE plpgsql ${steadyPlans} AS $$
  DECLARE
    erased integer;
    g_collection text[];
    g_id text[];
  BEGIN
    WITH gone AS (
      UPDATE ${schema}.records AS r SET content = NULL, erased_at = e_at, version = r.version + 1
      WHERE r.ctid = ANY (CASE WHEN e_tenant IS NULL THEN ARRAY(
        SELECT m.ctid FROM ${schema}.records AS m WHERE m.message_id = e_message AND m.content IS NOT NULL
        ORDER BY m.collection, m.id LIMIT e_limit FOR UPDATE
      ) ELSE ARRAY(
        SELECT t.ctid FROM ${schema}.records AS t WHERE t.tenant = e_tenant AND t.content IS NOT NULL
        ORDER BY t.collection, t.id LIMIT e_limit FOR UPDATE
      ) END) RETURNING r.collection, r.id
    )
    SELECT count(*), array_agg(gone.collection), array_agg(gone.id) INTO erased, g_collection, g_id FROM gone;
    -- Who holds a record holds how it is listed.
    PERFORM ${schema}.erase_listed(g_collection, g_id);
    RETURN erased;
  END $$;
  `
}
