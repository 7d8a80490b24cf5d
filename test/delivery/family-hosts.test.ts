import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { fittingKeys } from '../../src/delivery/signing/signer.ts'
import { standard } from '../../src/delivery/signing/standard.ts'
import { openStore } from '../../src/store/open-store.ts'
import { allDeliveries, anOutboundMessage, eventually, startEngine } from '../helpers/engine.ts'
import { recipients, TestFamily } from '../helpers/family.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'

const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
const server = testPostgres()
after(() => server[Symbol.asyncDispose]())

/** Two hosts on one database, and a family that both look up in the same place. */
async function twoHosts() {
  const stack = new AsyncDisposableStack()
  const url = await server.database()
  const family = new TestFamily()
  const open = async () => {
    const store = stack.use(await openStore(url, {}))
    const sender = stack.use(createUndiciSender({ egress, clock: systemClock }))
    const { engine } = stack.use(startEngine({ store, sender, endpoints: [] }))
    return { store, engine, registered: stack.use(engine.family(family)) }
  }
  const [one, other] = [await open(), await open()]
  return { one, other, family, [Symbol.asyncDispose]: () => stack.disposeAsync() }
}

function isSignedWith(secret: string, { headers, body }: ReceivedRequest): boolean {
  const keys = fittingKeys(standard, [secret])
  const header = (name: string) => headers[name]
  const now = Math.floor(Date.now() / 1_000)
  return standard.verify({ header, body, now }, keys).kind === 'verified'
}

describe('two hosts with one family', () => {
  it('sign with a new secret on both, the one that did not change it within a second', async () => {
    await using hosts = await twoHosts()
    await using to = await receiver()
    const { one, other, family } = hosts
    const fields = { url: to.url, signatures: ['standard'], concurrency: 2 }
    const id = family.put('a', { ...fields, secrets: ['the old secret'] })
    const send = (host: typeof one) =>
      host.engine.send([anOutboundMessage({ to: recipients([id]) })])
    await Promise.all([send(one), send(other)])
    await to.requests(2)

    family.put('a', { ...fields, secrets: ['the new secret'] })
    await one.registered.changed([id])
    const changedAt = to.received.length
    await send(one)
    await eventually(() => to.received.length === changedAt + 1)
    await eventually(async () => {
      const known = to.received.length
      await send(other)
      await to.requests(known + 1)
      return to.received.slice(known).every((each) => isSignedWith('the new secret', each))
    })
    const before = to.received.length
    await Promise.all(Array.from({ length: 50 }, (_, n) => send(n % 2 === 0 ? one : other)))
    await to.requests(before + 50)

    const [first] = to.received.slice(changedAt)
    assert.ok(first && isSignedWith('the new secret', first))
    const later = to.received.slice(before)
    assert.ok(later.every((each) => isSignedWith('the new secret', each)))
  })

  it('sign so that receivers with either secret accept all of it while both are valid, under load', async () => {
    await using hosts = await twoHosts()
    await using to = await receiver()
    const { one, other, family } = hosts
    const fields = { url: to.url, signatures: ['standard'] }
    const id = family.put('a', { ...fields, secrets: ['the old secret'] })
    const sendMany = () =>
      Promise.all(
        Array.from({ length: 50 }, (_, n) =>
          (n % 2 === 0 ? one : other).engine.send([anOutboundMessage({ to: recipients([id]) })]),
        ),
      )
    await sendMany()

    const sending = sendMany()
    family.put('a', { ...fields, secrets: ['the new secret', 'the old secret'] })
    await one.registered.changed([id])
    await sending
    await sendMany()
    await to.requests(150)

    assert.ok(to.received.every((each) => isSignedWith('the old secret', each)))
    assert.ok(to.received.some((each) => isSignedWith('the new secret', each)))
    const ids = to.received.map(({ headers }) => headers['webhook-id'])
    assert.equal(new Set(ids).size, 150)
  })

  it('send nothing more to what is revoked on one of them, and lose nothing else', async () => {
    await using hosts = await twoHosts()
    await using to = await receiver({ answers: [() => slowly(200)] })
    const { one, other, family } = hosts
    const revoked = family.put('revoked', { url: `${to.url}/revoked`, concurrency: 1 })
    const kept = family.put('kept', { url: `${to.url}/kept`, concurrency: 4 })
    const messages = Array.from({ length: 40 }, () =>
      anOutboundMessage({ to: recipients([revoked, kept]) }),
    )
    await Promise.all([
      one.engine.send(messages.slice(20)),
      other.engine.send(messages.slice(0, 20)),
    ])
    await to.requests(4)

    family.endpoints.delete(revoked)
    await one.registered.changed([revoked])
    await eventually(async () => {
      return (await one.store.backlog()).oldestPendingAt === null
    })

    const rows = await allDeliveries(one.store)
    const statesOf = (endpoint: string) =>
      rows.filter((row) => row.endpoint === endpoint).map(({ state }) => state)
    assert.deepEqual([...new Set(statesOf(kept))], ['delivered'])
    const ofRevoked = statesOf(revoked)
    const sent = to.received.filter(({ path }) => path === '/revoked').length
    assert.equal(ofRevoked.filter((state) => state === 'delivered').length, sent)
    assert.equal(ofRevoked.filter((state) => state === 'cancelled').length, 40 - sent)
    assert.ok(sent < 40)
  })
})

async function slowly(status: number): Promise<number> {
  await systemClock.sleep(50)
  return status
}
