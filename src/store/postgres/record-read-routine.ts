import { steadyPlans } from './order-key.ts'

/** How records are found: along an index, or under entries of it. */
export function recordReadRoutines(schema: string): string {
  const columns = 'r.collection, r.id, r.version, r.value, r.content, r.erased_at'
  const table =
    'collection text, id text, version integer, value text, content bytea, erased_at double precision'
  const walk = (order: 'ASC' | 'DESC'): string => `
      RETURN QUERY
      SELECT ${columns}, found.entry
      FROM (
        SELECT e.entry, e.id FROM ${schema}.record_entries AS e
        WHERE e.collection = f_collection AND e.index_name = f_index
          AND (e.entry, e.id) > (f_low_entry, f_low_id) AND (e.entry, e.id) < (f_high_entry, f_high_id)
        ORDER BY e.entry ${order}, e.id ${order} LIMIT f_limit
      ) AS found JOIN ${schema}.records AS r ON r.collection = f_collection AND r.id = found.id
      ORDER BY found.entry ${order}, found.id ${order};`
  return `
  CREATE OR REPLACE FUNCTION ${schema}.find_records(
    f_collection text, f_index text, f_low_entry text, f_low_id text, f_high_entry text, f_high_id text, f_is_ascending boolean, f_limit integer
  ) RETURNS TABLE (${table}, entry text) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  BEGIN
    IF f_is_ascending THEN ${walk('ASC')}
    ELSE ${walk('DESC')}
    END IF;
  END $$;

  -- Of each entry no more than are asked for of all: ids after one, the lowest first.
  CREATE OR REPLACE FUNCTION ${schema}.look_up_records(
    l_collection text, l_index text, l_entry text[], l_after text, l_limit integer
  ) RETURNS TABLE (${table}) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY
    SELECT ${columns}
    FROM (
      SELECT DISTINCT each.id
      FROM unnest(l_entry) AS asked (entry) CROSS JOIN LATERAL (
        SELECT e.id FROM ${schema}.record_entries AS e
        WHERE e.collection = l_collection AND e.index_name = l_index AND e.entry = asked.entry AND e.id > l_after
        ORDER BY e.id LIMIT l_limit
      ) AS each
      ORDER BY each.id LIMIT l_limit
    ) AS found JOIN ${schema}.records AS r ON r.collection = l_collection AND r.id = found.id
    ORDER BY found.id;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.records_of(o_collection text, o_id text[]) RETURNS TABLE (${table}) LANGUAGE plpgsql STABLE ${steadyPlans} AS $$
  #variable_conflict use_column
  BEGIN
    RETURN QUERY SELECT ${columns} FROM ${schema}.records AS r WHERE r.collection = o_collection AND r.id = ANY (o_id);
  END $$;
  `
}
