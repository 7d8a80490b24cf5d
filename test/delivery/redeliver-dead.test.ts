import { describe, it } from 'node:test'
import { redeliverDead } from '../soak/redeliver-dead.ts'

describe('a host killed in the middle of a redelivery of many', () => {
  it('is followed by one that goes on there, and repeats none twice', async () => {
    await redeliverDead({ dead: 500, baselineMs: 200 })
  })
})
