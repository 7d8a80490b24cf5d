import { steadyPlans } from './order-key.ts'

/** Permits per window of time, counted for all hosts. */
export function permitRoutines(schema: string): string {
  return `
  -- In the order given, which is the same for all hosts. Lost with the server they would only be granted once more: nobody waits for the disk.
  CREATE OR REPLACE FUNCTION ${schema}.take_permits(
    t_key text[], t_window_ms double precision[], t_ends_at double precision[], t_forgotten_at double precision[],
    t_wanted integer[], t_limit integer[]
  ) RETURNS TABLE (granted integer, taken integer) LANGUAGE plpgsql ${steadyPlans} AS $$
  #variable_conflict use_column
  BEGIN
    PERFORM set_config('synchronous_commit', 'off', true);
    FOR place IN 1..cardinality(t_key) LOOP
      INSERT INTO ${schema}.permits AS p (key, window_ms, ends_at, forgotten_at, granted, taken)
      SELECT t_key[place], t_window_ms[place], t_ends_at[place], t_forgotten_at[place], g.first, g.first
      FROM (SELECT least(t_wanted[place], greatest(t_limit[place], 0)) AS first) AS g
      ON CONFLICT (key, window_ms, ends_at) DO UPDATE SET
        granted = least(t_wanted[place], t_limit[place] - p.taken), taken = p.taken + least(t_wanted[place], t_limit[place] - p.taken)
        WHERE p.taken < t_limit[place]
      RETURNING p.granted, p.taken INTO granted, taken;
      -- Nothing is left: nothing is written.
      IF NOT FOUND THEN
        granted := 0;
        taken := t_limit[place];
      END IF;
      RETURN NEXT;
    END LOOP;
  END $$;

  CREATE OR REPLACE FUNCTION ${schema}.forget_permits(f_now double precision, f_limit integer) RETURNS void LANGUAGE plpgsql ${steadyPlans} AS $$
  BEGIN
    DELETE FROM ${schema}.permits AS p WHERE p.ctid = ANY (ARRAY(
      SELECT o.ctid FROM ${schema}.permits AS o
      WHERE o.forgotten_at <= f_now ORDER BY o.forgotten_at LIMIT f_limit FOR UPDATE SKIP LOCKED
    ));
  END $$;
  `
}
