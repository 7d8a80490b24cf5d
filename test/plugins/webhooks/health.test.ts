import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { receiver } from '../../helpers/receiver.ts'
import { type Answered, request } from '../../helpers/served-host.ts'
import { reloadProject, type StartedProject, startProject } from '../../helpers/start-host.ts'

const managementKey = 'key-of-the-management'
const operator = { 'x-internal-api-key': managementKey }
const check = 'webhooks.endpoints'
const params = { component: 'web', amount: 7 }

describe('the health of a host with webhooks', () => {
  it('is an error while one wants nothing more, or cannot be reached; which, is for operators', async () => {
    await using gone = await receiver({ answers: [410] })
    await using well = await receiver()
    await using project = await startWith(`
  - { events: before:adjust, on_failure: allow, url: '${well.url}', secret: s3cr3t }
  - { events: after:adjust, url: '${gone.url}/hook?token=hidden-word', secret: s3cr3t }
  - { name: nowhere, events: after:adjust, url: 'http://127.0.0.1:9/', secret: s3cr3t, circuit_breaker: { failure_threshold: 1 } }
`)
    const ask = (headers = {}) => request(`${project.url}/health`, { headers })
    const detail = async () => {
      const { json } = await ask(operator)
      return String(json['checks']?.['webhooks.endpoints']?.['detail'])
    }

    const atFirst = await ask()
    await project.host.dispatch('adjust', params)
    await eventually(async () => /: disabled.* \| .*: circuit/.test(await detail()))
    const away = await ask()
    const why = await detail()
    await project.host.engine.enable(`webhooks/after:adjust@127.0.0.1:${gone.port}`)
    await project.host.engine.enable('webhooks/nowhere')

    const memory = { status: 'ok' }
    assert.deepEqual(
      [atFirst.status, atFirst.json['checks']],
      [200, { memory, 'webhooks.endpoints': { status: 'ok' } }],
    )
    assert.deepEqual(
      [away.status, away.json['checks']],
      [503, { memory, 'webhooks.endpoints': { status: 'error' } }],
    )
    const [disabled = '', cut = '', ...others] = why.split(' | ')
    assert.match(disabled, /^webhooks\/after:adjust@127\.0\.0\.1:\d+: disabled: .*410/)
    assert.match(
      cut,
      /^webhooks\/nowhere: circuit (?:half-)?open, 1 failure; nothing delivered so far/,
    )
    assert.deepEqual(others, [])
    assert.ok(!why.includes('hidden-word'))
    assert.equal((await ask()).status, 200)
  })

  it('is an error from a question that nobody answers to the next answer, a no included', async () => {
    await using closed = await approver()
    await using open = await approver()
    await using project = await startWith(`
  - { name: closed, events: before:adjust, timeout: 250ms, backoff: false, url: '${closed.url}/?token=hidden-word', secret: s3cr3t }
  - { name: open, events: before:adjust, timeout: 50ms, backoff: false, on_failure: allow, url: '${open.url}', secret: s3cr3t }
`)
    const look = async () => {
      const [public_, why, ready] = await Promise.all([
        health(project),
        health(project, operator),
        request(`${project.url}/readyz`),
      ])
      assert.equal(ready.status, 200)
      const { status, json } = public_
      return { status, check: json['checks']?.[check], detail: detailOf(why), text: public_.text }
    }
    const adjust = async () => (await project.host.dispatch('adjust', params)).kind

    closed.does = 'hang'
    open.does = 'hang'
    const hung = await adjust()
    const silent = await look()
    closed.does = 'allow'
    const allowed = await adjust()
    const half = await look()
    open.does = 'veto'
    const vetoed = await adjust()
    const well = await look()
    closed.does = 'not-found'
    const missed = await adjust()
    const away = await look()

    assert.deepEqual(
      [hung, allowed, vetoed, missed],
      ['cancelled', 'completed', 'cancelled', 'cancelled'],
    )
    assert.deepEqual([silent.status, silent.check], [503, { status: 'error' }])
    const inVain = (name: string): string =>
      `webhooks/${name}: asked in vain; no answer so far; last error at TIME: `
    const [ofClosed = '', ofOpen = '', ...others] = silent.detail.split(' | ')
    assert.ok(ofClosed.startsWith(inVain('closed')), ofClosed)
    assert.ok(ofOpen.startsWith(inVain('open')), ofOpen)
    assert.deepEqual(others, [])
    assert.match(half.detail, /^webhooks\/open: asked in vain 2 times in a row/)
    assert.deepEqual([well.status, well.check], [200, { status: 'ok' }])
    assert.match(
      away.detail,
      /^webhooks\/closed: asked in vain; no answer since TIME; last error at TIME: answered 404 Not Found$/,
    )
    for (const { text, detail } of [silent, half, well, away]) {
      assert.ok(!`${text}${detail}`.includes('hidden-word'))
    }
  })

  it('keeps what it knows over a reload, but for a webhook that is asked something else, or nothing', async () => {
    await using silent = await approver()
    await using well = await approver()
    const yamlAt = (url: string, more = '') =>
      yamlOf(`
  - { name: w, events: [before:adjust, after:adjust], timeout: 30s, backoff: false, ${more} url: '${url}', secret: s3cr3t }
`)
    await using project = await startProject(yamlAt(silent.url), { listen: true })
    const { host } = project
    const ok = async () => (await health(project)).status === 200

    silent.does = 'not-found'
    await host.dispatch('adjust', params)
    const atFirst = await ok()
    await reloadProject(project, `${yamlAt(silent.url)}x-unrelated: 1\n`)
    const unchanged = await ok()
    silent.does = 'hang'
    const underWay = host.dispatch('adjust', params)
    await eventually(() => silent.asked === 2)
    // Resolves when what has begun before is over.
    const reloaded = reloadProject(project, yamlAt(well.url))
    await eventually(ok)
    silent.giveUp()
    const { kind } = await underWay
    await reloaded
    const late = await ok()
    await reloadProject(project, yamlAt(silent.url))
    silent.does = 'not-found'
    await host.dispatch('adjust', params)
    const back = await ok()
    await reloadProject(project, yamlAt(silent.url, 'mode: off,'))
    const off = await ok()

    assert.deepEqual([atFirst, unchanged, back], [false, false, false])
    assert.deepEqual([kind, late, off], ['cancelled', true, true])
  })

  it('begins anew at another URL, though the circuit was open', async () => {
    await using well = await approver()
    const yamlAt = (url: string) =>
      yamlOf(`
  - { name: w, events: before:adjust, backoff: false, circuit_breaker: { failure_threshold: 1 }, url: '${url}', secret: s3cr3t }
`)
    await using project = await startProject(yamlAt('http://127.0.0.1:9/'), { listen: true })
    const status = async () => (await health(project)).status

    await project.host.dispatch('adjust', params)
    const away = await status()
    await reloadProject(project, yamlAt(well.url))
    const moved = await status()
    const { kind } = await project.host.dispatch('adjust', params)

    assert.deepEqual([away, moved, kind], [503, 200, 'completed'])
  })

  it('does not go by one that is never called', async () => {
    await using project = await startWith(`
  - { events: before:adjust, mode: off, url: 'http://127.0.0.1:9/', secret: s3cr3t }
`)

    const { json } = await request(`${project.url}/health`)

    assert.deepEqual(json['checks'], { memory: { status: 'ok' } })
  })
})

function startWith(webhooks: string) {
  return startProject(yamlOf(webhooks), { listen: true })
}

function yamlOf(webhooks: string): string {
  return `host:
  store: "memory:"
  server: { port: 0, management_key: ${managementKey} }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:${webhooks}`
}

function health({ url }: StartedProject, headers: Record<string, string> = {}): Promise<Answered> {
  return request(`${url}/health`, { headers })
}

/** With the times taken out. */
function detailOf({ json }: Answered): string {
  const { detail = '' } = json['checks']?.[check] ?? {}
  return String(detail).replaceAll(/\d{4}-[\d-]+T[\d:.]+Z/g, 'TIME')
}

interface Approver extends AsyncDisposable {
  readonly url: string
  does: 'allow' | 'veto' | 'not-found' | 'hang'
  /** Requests that have arrived. */
  readonly asked: number
  /** Has those that hang answered, with what is no decision. */
  giveUp(): void
}

/** Answers, or not, as it is told. */
async function approver(): Promise<Approver> {
  const given = Promise.withResolvers<number>()
  const vetoed = 'application/vnd.carabiner.errors.CancelEventError+json'
  const answers = {
    allow: 204,
    veto: { status: 403, headers: { 'content-type': vetoed }, body: '{"reason":"no"}' },
    'not-found': 404,
    hang: given.promise,
  }
  const server = await receiver({ answers: [async () => answers[approver.does]] })
  const approver: Approver = {
    url: server.url,
    does: 'allow',
    get asked() {
      return server.received.length
    },
    giveUp: () => given.resolve(500),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  }
  return approver
}
