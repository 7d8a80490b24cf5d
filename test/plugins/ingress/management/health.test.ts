import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { eventually, openTestStore, openTestUrl, quiet } from '../../../helpers/engine.ts'
import { failingStore } from '../../../helpers/failing-store.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { listen } from '../../../helpers/receiver.ts'
import { type Answered, type AnyJson, request } from '../../../helpers/served-host.ts'
import { projectFolder } from '../../../helpers/start-host.ts'
import { type IngressHost, managementKey, reload, startIngress, yamlOf } from '../ingress-host.ts'

const recoveryMs = 30_000
const token = 'a-token-in-the-callback-url'
const integration = 'integrations.acme'

describe('the health of a host with integrations', { timeout: 60_000 }, () => {
  it('is an error from when the circuit of one opens until a delivery gets through', async () => {
    await using to = await brittleReceiver()
    const clock = new FakeClock()
    await using host = await startIngress({
      callback: `${to.url}/acme?token=${token}`,
      clock,
      integrations: [
        `{ provider: globex, secret: a-token-of-globex, callback_url: 'http://127.0.0.1:9/' }`,
      ],
    })

    const atFirst = await health(host)
    to.down = true
    await openCircuit(host)
    const away = await health(host)
    const public_ = await request(`${host.project.url}/api/v1/health`)
    const ready = await request(`${host.project.url}/readyz`)
    to.down = false
    await clock.advance(recoveryMs)
    await eventually(async () => (await health(host)).status === 200)
    const back = await health(host)

    const ok = { status: 'ok' }
    const { detail, ...error } = checkOf(away)
    assert.deepEqual(checksOf(atFirst), {
      memory: ok,
      [integration]: ok,
      'integrations.globex': ok,
    })
    assert.deepEqual(
      [away.status, away.json['status'], error],
      [503, 'degraded', { status: 'error' }],
    )
    assert.match(
      String(detail),
      /^circuit open, 5 failures in a row; nothing delivered so far; last error at 2026-01-01T00:00:00.000Z: \w/,
    )
    assert.deepEqual(checksOf(away)?.['integrations.globex'], ok)
    assert.equal(public_.status, 503)
    assert.deepEqual(public_.json['data']?.['checks']?.[integration], { status: 'error' })
    assert.equal(ready.status, 200, 'it takes and keeps what comes in')
    assert.deepEqual(checksOf(back), checksOf(atFirst))
    for (const { text } of [away, public_, ready]) assert.ok(!text.includes(token), text)
  })

  it('is known to every host on the store, those that never sent anything included', async () => {
    using folder = projectFolder({})
    const store = `sqlite:${folder.file('hooks.db')}`
    const clock = new FakeClock()
    await using to = await brittleReceiver()
    const open = async () =>
      startIngress({ callback: to.url, store, clock, opened: await openTestUrl(store, clock) })
    await using sends = await open()
    await using looks = await open()
    const hasHeard = (status: number) =>
      eventually(async () => {
        await clock.advance(500)
        return (await health(looks)).status === status
      })

    to.down = true
    await openCircuit(sends)
    await hasHeard(503)
    const away = await health(looks)
    await using late = await open()
    await eventually(async () => (await health(late)).status === 503)
    to.down = false
    await clock.advance(recoveryMs)
    await hasHeard(200)

    assert.equal(checkOf(away)['status'], 'error')
    assert.match(String(checkOf(away)['detail']), /^circuit (?:half-)?open, \d+ failures in a row/)
  })

  it('asks the store nothing about its integrations', async () => {
    await using opened = await openTestStore('memory')
    const { store, calls } = failingStore(opened.store)
    const clock = new FakeClock()
    const integrations = Array.from(
      { length: 200 },
      (_, n) =>
        `{ provider: partner-${n}, verify: { scheme: github }, normalize: { type: /type }, secret: a-secret-of-partners, callback_url: 'http://127.0.0.1:9/' }`,
    )
    await using host = await startIngress({ clock, opened: store, integrations })
    await quiet()
    const before = calls.length

    const { json } = await health(host)

    assert.equal(Object.keys(json['checks'] ?? {}).length, 202)
    assert.deepEqual(calls.slice(before), [])
  })

  it('is good while deliveries to one are paused', async () => {
    await using host = await startIngress()
    await host.project.host.engine.pause('integration/acme', Date.UTC(2999, 0, 1))

    const { status, json } = await health(host)

    const paused = { status: 'ok', detail: 'paused until 2999-01-01T00:00:00.000Z' }
    assert.deepEqual([status, json['checks']?.[integration]], [200, paused])
  })

  it('goes by the integrations that a reload leaves, and are switched on', async () => {
    await using to = await brittleReceiver()
    await using host = await startIngress({ callback: to.url, clock: new FakeClock() })
    to.down = true
    await openCircuit(host)
    const away = await health(host)

    await reload(host, yamlOf({ callback: to.url, acme: 'active: false' }))
    const { status, json } = await health(host)

    assert.equal(away.status, 503)
    assert.deepEqual([status, json['checks']], [200, { memory: { status: 'ok' } }])
  })
})

function health({ project }: IngressHost): Promise<Answered> {
  return request(`${project.url}/health`, { headers: { 'x-internal-api-key': managementKey } })
}

function checksOf({ json }: Answered): AnyJson | undefined {
  return json['checks']
}

function checkOf(answered: Answered): AnyJson {
  return checksOf(answered)?.[integration] ?? {}
}

/** Five events whose first tries fail. */
async function openCircuit(host: IngressHost): Promise<void> {
  for (let n = 0; n < 5; n += 1) await host.accepted({ eventId: `evt-${n}` })
  await eventually(async () => (await health(host)).status === 503)
}

/** A receiver that breaks every connection while it is down. */
async function brittleReceiver(): Promise<
  { readonly url: string; down: boolean } & AsyncDisposable
> {
  const state = { down: false }
  const server = createServer((incoming, response) => {
    if (state.down) incoming.socket.destroy()
    else incoming.resume().on('end', () => response.writeHead(204).end())
  })
  const port = await listen(server, 0, '127.0.0.1')
  return Object.assign(state, {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
    },
  })
}
