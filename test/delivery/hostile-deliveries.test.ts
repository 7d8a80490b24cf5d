import { describe, it } from 'node:test'
import { hostileDeliveries } from '../soak/hostile-deliveries.ts'

describe('deliveries to hostile receivers', () => {
  it('end by their deadlines, cost no memory, and leave the healthy ones alone', async (test) => {
    const counts = await hostileDeliveries({ each: 5 })

    test.diagnostic(JSON.stringify(counts))
  })
})
