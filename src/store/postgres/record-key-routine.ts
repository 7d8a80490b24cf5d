import { steadyPlans } from './order-key.ts'

/** What records are found by: unique texts, which are taken and given up by digest in their order, and entries. */
export function recordKeyRoutines(schema: string): string {
  return `
  -- Gives up unique texts that records do not have any more, and takes those they have now. Returns the first place where another record has one.
  CREATE OR REPLACE FUNCTION ${schema}.take_unique(
    t_place integer[], t_collection text[], t_id text[], t_new jsonb[], t_old jsonb[]
  ) RETURNS integer LANGUAGE plpgsql ${steadyPlans} SET enable_nestloop = on AS $$
  DECLARE
    n_place integer[];
    n_collection text[];
    n_id text[];
    n_digest bytea[];
    o_place integer[];
    o_collection text[];
    o_digest bytea[];
  BEGIN
    SELECT array_agg(t.place), array_agg(t.collection), array_agg(t.id), array_agg(${schema}.digest_of(u.text))
    INTO n_place, n_collection, n_id, n_digest
    FROM unnest(t_place, t_collection, t_id, t_new, t_old) AS t (place, collection, id, new, old)
      CROSS JOIN LATERAL jsonb_array_elements_text(t.new -> 'unique') AS u (text)
    WHERE t.old IS NULL OR NOT t.old -> 'unique' ? u.text;

    IF cardinality(array_remove(t_old, NULL)) > 0 THEN
      SELECT array_agg(t.place), array_agg(t.collection), array_agg(${schema}.digest_of(u.text))
      INTO o_place, o_collection, o_digest
      FROM unnest(t_place, t_collection, t_new, t_old) AS t (place, collection, new, old)
        CROSS JOIN LATERAL jsonb_array_elements_text(t.old -> 'unique') AS u (text)
      WHERE NOT t.new -> 'unique' ? u.text;
      PERFORM ${schema}.give_up_unique(o_collection, o_digest);
    END IF;
    IF n_id IS NULL THEN RETURN NULL; END IF;

    INSERT INTO ${schema}.record_unique (collection, digest, id)
    SELECT n.collection, n.digest, n.id FROM unnest(n_place, n_collection, n_digest, n_id) AS n (place, collection, digest, id)
    ORDER BY n.collection COLLATE "C", n.digest, n.place
    ON CONFLICT (collection, digest) DO NOTHING;
    RETURN (
      SELECT min(n.place) FROM unnest(n_place, n_collection, n_digest, n_id) AS n (place, collection, digest, id)
      WHERE n.id IS DISTINCT FROM (
        SELECT r.id FROM ${schema}.record_unique AS r WHERE r.collection = n.collection AND r.digest = n.digest
      ) OR EXISTS (
        -- Given up by a record that comes later: not free yet.
        SELECT FROM unnest(o_place, o_collection, o_digest) AS o (place, collection, digest)
        WHERE o.collection = n.collection AND o.digest = n.digest AND o.place > n.place
      )
    );
  END $$;

  -- Takes out the entries that records do not have any more, and puts in those they have now; the others stay as they are.
  CREATE OR REPLACE FUNCTION ${schema}.enter_records(e_collection text[], e_id text[], e_new jsonb[], e_old jsonb[]) RETURNS void LANGUAGE plpgsql ${steadyPlans} SET enable_nestloop = on AS $$
  BEGIN
    IF cardinality(array_remove(e_old, NULL)) > 0 THEN
      PERFORM ${schema}.take_out_entries(array_agg(e.collection), array_agg(e.id), array_agg(o.key))
      FROM unnest(e_collection, e_id, e_new, e_old) AS e (collection, id, new, old)
        CROSS JOIN LATERAL jsonb_array_elements(e.old -> 'entries') AS o (key)
      WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(e.new -> 'entries') AS n (key) WHERE n.key = o.key);
    END IF;

    INSERT INTO ${schema}.record_entries (collection, index_name, entry, id)
    SELECT e.collection, n.key ->> 0, n.key ->> 1, e.id
    FROM unnest(e_collection, e_id, e_new, e_old) AS e (collection, id, new, old)
      CROSS JOIN LATERAL jsonb_array_elements(e.new -> 'entries') AS n (key)
    WHERE e.old IS NULL OR NOT EXISTS (SELECT FROM jsonb_array_elements(e.old -> 'entries') AS o (key) WHERE o.key = n.key);
  END $$;

  -- What was found by these keys is gone.
  CREATE OR REPLACE FUNCTION ${schema}.forget_keys(f_collection text[], f_id text[], f_keys jsonb[]) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    PERFORM ${schema}.take_out_entries(array_agg(f.collection), array_agg(f.id), array_agg(o.key))
    FROM unnest(f_collection, f_id, f_keys) AS f (collection, id, keys) CROSS JOIN LATERAL jsonb_array_elements(f.keys -> 'entries') AS o (key);
    PERFORM ${schema}.give_up_unique(array_agg(f.collection), array_agg(${schema}.digest_of(u.text)))
    FROM unnest(f_collection, f_keys) AS f (collection, keys) CROSS JOIN LATERAL jsonb_array_elements_text(f.keys -> 'unique') AS u (text);
  END $$;

  -- Who holds a record holds its rows here: each is where it was found.
  CREATE OR REPLACE FUNCTION ${schema}.take_out_entries(o_collection text[], o_id text[], o_key jsonb[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM ${schema}.record_entries AS r WHERE r.ctid = ANY (ARRAY(
      SELECT found.row_at FROM unnest(o_collection, o_id, o_key) AS o (collection, id, key) CROSS JOIN LATERAL (
        SELECT e.ctid AS row_at FROM ${schema}.record_entries AS e
        WHERE e.collection = o.collection AND e.index_name = o.key ->> 0 AND e.entry = o.key ->> 1 AND e.id = o.id OFFSET 0
      ) AS found
    ));
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.give_up_unique(o_collection text[], o_digest bytea[]) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    DELETE FROM ${schema}.record_unique AS r WHERE r.ctid = ANY (ARRAY(
      SELECT found.row_at FROM unnest(o_collection, o_digest) AS o (collection, digest) CROSS JOIN LATERAL (
        SELECT u.ctid AS row_at FROM ${schema}.record_unique AS u
        WHERE u.collection = o.collection AND u.digest = o.digest OFFSET 0
      ) AS found
    ));
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.digest_of(d_text text) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
    SELECT sha256(convert_to(d_text, 'UTF8'))
  $$;
  `
}
