import assert from 'node:assert/strict'
import { isIP } from 'node:net'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import type { EgressOptions } from '../../src/delivery/egress/egress-options.ts'
import type { LookupAll } from '../../src/delivery/egress/host-lookup.ts'
import type { Reply, Sender } from '../../src/delivery/sender.ts'
import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'

/** What DNS says of a name: addresses, or names that it is another name for. */
type Zone = Map<string, readonly string[]>

const refusedLoopback = 'egress refused: 127.0.0.1 is loopback'

for (const [name, create] of [
  ['got', createGotSender],
  ['undici', createUndiciSender],
] as const) {
  describe(`a chain of CNAMEs through ${name}`, () => {
    const open = (zone: Zone, allow: readonly string[] = []): Sender => {
      const egress: EgressOptions = {
        default: 'guarded',
        allow,
        http: true,
        ports: 'any',
        proxy: null,
      }
      return create({ egress, clock: systemClock, lookup: following(zone) })
    }

    it('is judged by the addresses at its end, all of them', async () => {
      await using canary = await receiver()
      const zone: Zone = new Map([
        ['shop.test', ['cdn.test']],
        ['cdn.test', ['edge.test', 'inner.test']],
        ['edge.test', ['93.184.215.14']],
        ['inner.test', ['127.0.0.1']],
      ])
      await using sender = open(zone)

      assert.equal(await told(sender, canary, 'shop.test'), refusedLoopback)
      assert.equal(canary.connections, 0)
    })

    it('borrows nothing from an allowed name on its way', async () => {
      await using canary = await receiver()
      const zone: Zone = new Map([
        ['attacker.test', ['intern.test']],
        ['intern.test', ['127.0.0.1']],
      ])
      await using sender = open(zone, ['intern.test'])

      assert.equal(await told(sender, canary, 'attacker.test'), refusedLoopback)
      assert.equal(canary.connections, 0)
      assert.equal(await told(sender, canary, 'intern.test'), 200)
    })

    it('is judged again when its end has moved', async () => {
      const once = { headers: { connection: 'close' } }
      await using target = await receiver({ host: '0.0.0.0', answers: [once] })
      const zone: Zone = new Map([
        ['shop.test', ['cdn.test']],
        ['cdn.test', ['127.0.0.2']],
      ])
      await using sender = open(zone, ['127.0.0.2'])

      const first = await told(sender, target, 'shop.test')
      zone.set('cdn.test', ['127.0.0.1'])
      const second = await told(sender, target, 'shop.test')

      assert.deepEqual([first, second], [200, refusedLoopback])
    })

    it('that leads nowhere is no answer of DNS, and no connection', async () => {
      await using canary = await receiver()
      const zone: Zone = new Map([
        ['round.test', ['about.test']],
        ['about.test', ['round.test']],
      ])
      await using sender = open(zone)

      assert.match(String(await told(sender, canary, 'round.test')), /ENOTFOUND|not found/)
      assert.equal(canary.connections, 0)
    })
  })
}

/** Follows a zone's names to their addresses, as a resolver does: who asks sees the addresses only. */
function following(zone: Zone): LookupAll {
  const addressesOf = (name: string, seen: ReadonlySet<string>): readonly string[] => {
    if (isIP(name) !== 0) return [name]
    if (seen.has(name)) return []
    return (zone.get(name) ?? []).flatMap((next) => addressesOf(next, new Set([...seen, name])))
  }
  return (host, callback) => {
    const addresses = addressesOf(host, new Set())
    if (addresses.length > 0) {
      callback(
        null,
        addresses.map((address) => ({ address, family: isIP(address) })),
      )
      return
    }
    const error = Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' })
    callback(error, [])
  }
}

/** The status it answered, or why nothing was asked of it. */
async function told(sender: Sender, to: Receiver, host: string): Promise<number | string> {
  const reply: Reply = await sender.send({
    url: new URL(`http://${host}:${to.port}/`),
    headers: {},
    body: Buffer.from('{}'),
    timeoutMs: 5_000,
    replyLimit: 1024,
  })
  return reply.kind === 'reply' ? reply.status : reply.message
}
