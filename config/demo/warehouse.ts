/**
 * The receiver of the demonstration, a process of its own: it verifies each delivery and tells what arrived.
 *
 * A message can arrive twice after a crash, always with the same `webhook-id`: keep the ids you have seen.
 */
import { receiver } from 'carabiner/receiver'
import { serve } from './serve.ts'

const seen = new Set<string>()

const handle = receiver({
  secret: process.env['WAREHOUSE_SECRET'] ?? 'demo-warehouse-secret',
  after: {
    adjust(event) {
      if (seen.has(event.id)) return
      seen.add(event.id)
      process.send?.({
        kind: 'delivered',
        id: event.id,
        params: event.params,
        traceId: event.traceId,
        verified: event.verified,
      })
    },
  },
})

serve(handle, Number(process.env['WAREHOUSE_PORT'] ?? 8487))
