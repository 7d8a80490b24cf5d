/** Columns of a delivery `d` of a message `m`. */
export const deliveryColumns = `d.seq, d.id, m.id AS message_id, d.endpoint, d.state, d.attempts, d.due_at, d.order_key,
  d.last_error, d.created_at, d.settled_at, d.redelivery_of`

/** Columns of a message `m`, beside those of its delivery. */
export const messageColumns = `m.origin, m.type, m.content_type, m.headers, m.trace_id, m.depth, m.tenant,
  m.created_at AS message_created_at, m.body`
