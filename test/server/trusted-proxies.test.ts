import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RouteRequest } from '../../src/connector/route-request.ts'
import { request, servedHost } from '../helpers/served-host.ts'

/** What a route takes for the caller's address when the header says `forwarded`. */
async function addressSeen(
  trustedProxies: readonly string[],
  forwarded: string | undefined,
): Promise<string> {
  const routes = [
    {
      connector: 'things',
      route: { method: 'GET', path: '/v1/me', handle: () => null } as const,
      admit: async () => undefined,
      handle: async ({ address }: RouteRequest) => address,
    },
  ]
  await using host = await servedHost({ routes, config: { trustedProxies } })
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }
  const { json } = await request(`${host.url}/v1/me`, { headers })
  return String(json)
}

describe('host.server.trusted_proxies', () => {
  it('without one, the caller is whoever connects, whatever a header says', async () => {
    assert.equal(await addressSeen([], '203.0.113.7'), '127.0.0.1')
  })

  for (const trusted of ['127.0.0.1', '127.0.0.0/8', 'loopback']) {
    it(`a proxy in ${trusted} is believed`, async () => {
      assert.equal(await addressSeen([trusted], '203.0.113.7'), '203.0.113.7')
      assert.equal(await addressSeen([trusted], undefined), '127.0.0.1')
    })
  }

  it('a proxy that is not among them is not believed', async () => {
    assert.equal(await addressSeen(['10.0.0.0/8'], '203.0.113.7'), '127.0.0.1')
  })

  it('what a caller wrote into the header itself stands before the last proxy, and is not believed', async () => {
    assert.equal(await addressSeen(['loopback'], '198.51.100.1, 203.0.113.7'), '203.0.113.7')
    assert.equal(
      await addressSeen(['loopback', '203.0.113.0/24'], '198.51.100.1, 203.0.113.7'),
      '198.51.100.1',
    )
  })
})
