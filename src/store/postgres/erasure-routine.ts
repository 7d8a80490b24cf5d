import { steadyPlans } from './order-key.ts'

/** Takes bodies, headers and answers away; the rows stay, as proof that something was there. */
export function erasureRoutine(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.erase(
    e_sender text, e_message uuid, e_tenant text, e_reason text, e_at double precision, e_limit integer
  ) RETURNS TABLE (messages integer, cancelled integer) LANGUAGE plpgsql ${steadyPlans} AS $$
  #variable_conflict use_column
  DECLARE
    found_id uuid[];
    freed_endpoint text[];
    freed_key text[];
    given_up integer;
  BEGIN
    -- Locked, so that none of them gets another delivery meanwhile.
    IF e_tenant IS NULL THEN
      found_id := ARRAY(SELECT m.id FROM ${schema}.messages AS m WHERE m.id = e_message AND m.erased_at IS NULL FOR UPDATE);
    ELSE
      found_id := ARRAY(
        SELECT m.id FROM ${schema}.messages AS m
        WHERE m.tenant = e_tenant AND m.erased_at IS NULL ORDER BY m.id LIMIT e_limit FOR UPDATE
      );
    END IF;
    SELECT array_agg(d.endpoint), array_agg(d.order_key) INTO freed_endpoint, freed_key
    FROM ${schema}.deliveries AS d
    WHERE d.message_id = ANY (found_id) AND d.order_key IS NOT NULL AND d.settled_at IS NULL;
    PERFORM ${schema}.lock_keys(freed_endpoint, freed_key);

    UPDATE ${schema}.deliveries SET state = 'cancelled', last_error = e_reason, settled_at = e_at, lease_owner = NULL, lease_until = NULL
    WHERE message_id = ANY (found_id) AND settled_at IS NULL;
    GET DIAGNOSTICS given_up = ROW_COUNT;
    UPDATE ${schema}.attempts SET response_headers = NULL, response_body = NULL
    WHERE delivery_id IN (SELECT d.id FROM ${schema}.deliveries AS d WHERE d.message_id = ANY (found_id));
    UPDATE ${schema}.deliveries SET attempt_response_headers = NULL, attempt_response_body = NULL
    WHERE message_id = ANY (found_id) AND (attempt_response_headers IS NOT NULL OR attempt_response_body IS NOT NULL);
    UPDATE ${schema}.messages SET body = '', headers = '{}', erased_at = e_at WHERE id = ANY (found_id);

    IF ${schema}.pass_on(freed_endpoint, freed_key) THEN PERFORM ${schema}.tell(e_sender); END IF;
    RETURN QUERY SELECT cardinality(found_id), given_up;
  END $$;
  `
}
