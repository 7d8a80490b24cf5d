import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type CliResult, carabiner, carabinerJson } from '../../../helpers/cli.ts'
import { eventually } from '../../../helpers/engine.ts'
import { freePort } from '../../../helpers/free-port.ts'
import { type Receiver, receiver } from '../../../helpers/receiver.ts'
import { projectFolder, type StartedProject, startProject } from '../../../helpers/start-host.ts'

const secret = 'a-secret-of-acme-alone'
const vetoer = `import { defineConnector } from 'carabiner'

export default defineConnector({
  name: 'vetoer',
  setup({ before }) {
    before('ingress.replay', ({ params, cancel }) => {
      if (params.reason.includes('forbidden')) cancel('not without the auditor')
    })
  },
})
`

function assembly(callback: string, port: number, store = 'sqlite:./store.db'): string {
  return `host: { store: "${store}", server: { port: ${port} } }
connectors: { ingress: ingress, vetoer: ./vetoer.ts }
ingress:
  integrations:
    - { provider: acme, secret: ${secret}, callback_url: '${callback}' }
    - { provider: github, secret: a-secret-of-github, callback_url: '${callback}' }
    - { provider: globex, secret: a-token-of-globex, callback_url: '${callback}', active: false }
    - provider: orders
      secret: a-secret-of-orders
      verify: { scheme: github, header: X-Signature }
      normalize: { id: /id, type: { value: order.changed }, data: '' }
      callback_url: '${callback}'
`
}

describe('carabiner ingress', () => {
  let endpoint: Receiver
  let project: StartedProject
  let id: string
  before(async () => {
    endpoint = await receiver()
    project = await startProject(assembly(endpoint.url, await freePort()), {
      listen: true,
      files: {
        'vetoer.ts': vetoer,
        'order.json': '{"id": "o-7", "total": 1.0}\n',
        'paid.json':
          '{"eventId": "evt-7", "eventType": "order.paid", "occurredAt": "2026-01-05T09:30:00Z", "data": {"id": "o-7"}}',
      },
    })
    const { json } = await asJson('send', 'acme', '@paid.json')
    id = String(Object(json).body.data.eventId)
    await eventually(async () => (await statusOf(id)) === 'processed')
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
  })

  const run = (...args: string[]): Promise<CliResult> =>
    carabiner(['ingress', ...args], { cwd: project.folder.path })
  const asJson = (...args: string[]) =>
    carabinerJson(['ingress', ...args], { cwd: project.folder.path })
  const statusOf = async (event: string): Promise<unknown> =>
    Object((await asJson('show', event)).json).event.status

  describe('send', () => {
    it('signs a sample as the provider does, and says what became of it', async () => {
      const { code, out } = await run('send', 'github')
      const again = await run('send', 'acme', '@paid.json')

      assert.equal(code, 0)
      assert.match(out, /^202 queued: event [\da-f-]{36}\n$/)
      assert.deepEqual([again.code, again.out], [0, `200 duplicate: event ${id}\n`])
    })

    it('sends a file byte by byte, with what a header has to name', async () => {
      const { code } = await run('send', 'orders', '@order.json')
      const named = await asJson('send', 'github', '{"zen": "less"}', '--event', 'ping')

      assert.deepEqual([code, named.code], [0, 0])
      const { json } = await asJson('events', '--provider', 'orders')
      assert.equal(Object(json)[0].externalEventId, 'o-7')
      const pings = await asJson('events', '--type', 'ping')
      assert.equal(Object(pings.json).length, 1)
    })

    it('goes where --url says: to a host, or to a whole URL', async () => {
      const path = `${project.url}/api/v1/webhooks/acme`

      for (const url of [project.url, `${project.url}/`, path]) {
        assert.equal((await run('send', 'acme', '@paid.json', '--url', url)).code, 0)
      }
    })

    it('ends with 1 when the host refuses it, or there is none', async () => {
      const wrong = await run('send', 'acme', '{"eventId": "x"}')
      const inactive = await run('send', 'globex')
      const nobody = await run('send', 'acme', '--url', 'http://127.0.0.1:9')

      assert.deepEqual([wrong.code, inactive.code, nobody.code], [1, 1, 1])
      assert.match(wrong.out, /^400 VALIDATION_ERROR: .*\n {2}\/eventType is missing\n/)
      assert.match(
        inactive.out,
        /^404 NOT_FOUND: No active integration configured for provider: globex\n$/,
      )
      assert.match(nobody.err, /no answer from http:\/\/127\.0\.0\.1:9: .*is the host running\?/)
    })

    for (const [what, args, said] of [
      ['an integration that is none', ['acne'], /no integration of `acne`; did you mean `acme`\?/],
      ['one that is far from any', ['paypal'], /`paypal`: expected one of acme, github, globex/],
      ['a URL that is none', ['acme', '--url', 'localhost'], /expected --url http:\/\/host:port/],
      ['no body where there is no sample', ['orders'], /expected a body for `orders`/],
      ['a file that is not there', ['acme', '@none.json'], /none\.json/],
    ] as const) {
      it(`ends with 2 for ${what}`, async () => {
        const { code, err } = await run('send', ...args)

        assert.equal(code, 2, err)
        assert.match(err, said)
      })
    }

    it('needs --url when the assembly does not say the port', async () => {
      using folder = projectFolder({
        'carabiner.yaml': assembly(endpoint.url, 0),
        'vetoer.ts': vetoer,
      })

      const { code, err } = await carabiner(['ingress', 'send', 'acme'], { cwd: folder.path })

      assert.equal(code, 2)
      assert.match(err, /expected --url: the host finds its port when it starts/)
    })
  })

  describe('events', () => {
    it('lists what came in, filtered, in a table or as JSON', async () => {
      const { out } = await run('events', '--provider', 'acme')
      const { json } = await asJson('events', '--subject', 'O-7', '--type', 'order.paid')

      assert.match(out, /ID +RECEIVED +PROVIDER +TYPE +SUBJECT +STATUS/)
      assert.match(out, new RegExp(`${id} .* acme +order\\.paid +o-7 +processed`))
      assert.deepEqual(
        Object(json).map((event: { readonly id: string }) => event.id),
        [id],
      )
    })

    it('lists a page, and says when there is more', async () => {
      const { out, err } = await run('events', '--limit', '1', '--sort', 'occurredAt')
      const { json } = await asJson('events', '--from', '1h', '--provider', 'acme')

      assert.equal(out.trim().split('\n').length, 2)
      assert.match(err, /^1 of \d+; more: --page 2\n$/)
      // It occurred in January.
      assert.deepEqual(json, [])
    })

    for (const [option, value] of [
      ['--status', 'done'],
      ['--sort', 'subject'],
      ['--order', 'up'],
      ['--page', '0'],
      ['--limit', '1001'],
      ['--limit', 'x'],
      ['--from', 'yesterday'],
    ] as const) {
      it(`ends with 2 for ${option} ${value}`, async () => {
        assert.equal((await run('events', option, value)).code, 2)
      })
    }
  })

  describe('show', () => {
    it('shows the request, the payload and the attempts, but no signature', async () => {
      const { code, out } = await run('show', id)
      const { json } = await asJson('show', id.toUpperCase())

      assert.equal(code, 0)
      assert.match(out, new RegExp(`^event ${id}: processed\n  order\\.paid of acme, evt-7\n`))
      assert.match(out, /webhook from 127\.0\.0\.1, verified\n/)
      assert.match(out, /x-acme-signature: \*\*\*\n/)
      assert.match(out, /attempts: 1\n.*#1 success 200/)
      assert.deepEqual(Object.keys(Object(json)), [
        'event',
        'webhook',
        'deliveryAttempts',
        'processingJobs',
      ])
    })

    it('ends with 2 for an event that there is not', async () => {
      const { code, err } = await run('show', 'none')

      assert.equal(code, 2)
      assert.match(err, /no event `none`/)
    })
  })

  describe('replay', () => {
    it('delivers the event once more, and says how that stands', async () => {
      const earlier = endpoint.received.length

      const { code, json } = await asJson('replay', id, '--reason', 'it was lost', '--by', 'anna')

      assert.equal(code, 0)
      const { replayRequestId, eventId } = Object(json)
      assert.equal(eventId, id)
      await endpoint.requests(earlier + 1)
      assert.equal(endpoint.received.at(-1)?.headers['x-event-id'], id)
      const trail = await carabinerJson(['audit', 'list', '--action', 'replay.requested'], {
        cwd: project.folder.path,
      })
      assert.partialDeepStrictEqual(Object(trail.json)[0], {
        entityId: replayRequestId,
        actor: 'anna',
        details: { reason: 'it was lost' },
      })
    })

    it('ends with 3 when a before handler says no', async () => {
      const { code, out } = await run('replay', id, '--reason', 'forbidden fruit')

      assert.deepEqual([code, out], [3, 'cancelled by vetoer: not without the auditor\n'])
    })

    for (const [what, args] of [
      ['without a reason', []],
      ['with a reason that is none', ['--reason', 'why']],
      ['by nobody', ['--reason', 'it was lost', '--by', 'x']],
      ['with a wait that is none', ['--reason', 'it was lost', '--wait', 'x']],
    ] as const) {
      it(`ends with 2 ${what}`, async () => {
        assert.equal((await run('replay', id, ...args)).code, 2)
      })
    }

    it('ends with 2 for an event that there is not', async () => {
      const none = '00000000-0000-4000-8000-000000000000'

      assert.equal((await run('replay', none, '--reason', 'it was lost')).code, 2)
    })
  })

  it('ends with 1 where events end with their process', async () => {
    using folder = projectFolder({
      'carabiner.yaml': assembly(endpoint.url, 0, 'memory:'),
      'vetoer.ts': vetoer,
    })

    for (const args of [['events'], ['show', id], ['replay', id, '--reason', 'it was lost']]) {
      const { code, err } = await carabiner(['ingress', ...args], { cwd: folder.path })
      assert.equal(code, 1)
      assert.match(err, /the memory: store ends with its process/)
    }
  })
})
