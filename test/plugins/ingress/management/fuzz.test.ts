import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ingressFuzz } from '../../../soak/ingress-fuzz.ts'

describe('any request', () => {
  it('is answered in the envelope, without a mistake of ours; nothing piles up', async () => {
    const { events } = await ingressFuzz({ requests: 500 })

    // Beside the two that it begins with: the requests get as far as the store.
    assert.ok(events > 2, String(events))
  })
})
