import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import * as short from '../../docs/examples/receiver.ts'
import * as withExpress from '../../docs/examples/receiver-express.ts'
import * as withFastify from '../../docs/examples/receiver-fastify.ts'
import * as withHono from '../../docs/examples/receiver-hono.ts'
import * as withNode from '../../docs/examples/receiver-node-http.ts'
import * as typed from '../../docs/examples/receiver-typed.ts'
import {
  afterWebhook,
  asRequest,
  beforeWebhook,
  type SignedWebhook,
  webhookSecret,
} from '../helpers/signed-webhook.ts'

interface Listener {
  adjusted(id: string): void
  failed(error: unknown): void
}
type Start = (secret: string, listener: Listener) => Server | Promise<Server>

const examples: Readonly<Record<string, Start>> = {
  'receiver-node-http': withNode.createReceiver,
  'receiver-fastify': async (secret, listener) => {
    const app = withFastify.createReceiver(secret, listener)
    await app.ready()
    return app.server
  },
  'receiver-express': (secret, listener) =>
    createServer(withExpress.createReceiver(secret, listener)),
  // Its adaptor can make HTTP/2 servers too; without options it is this one.
  'receiver-hono': (secret, listener) =>
    createAdaptorServer(withHono.createReceiver(secret, listener)) as Server,
}

const tooMuch = { params: { component: 'web', factor: 3 } }
const contentType = 'application/vnd.carabiner.before.adjust+json; version=1'

for (const [name, start] of Object.entries(examples)) {
  describe(`docs/examples/${name}.ts`, () => {
    const adjusted: string[] = []
    const failures: unknown[] = []
    let server: Server
    let url: string

    before(async () => {
      server = await start(webhookSecret, {
        adjusted: (id) => adjusted.push(id),
        failed: (error) => failures.push(error),
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      // A server that listens on TCP has an address with a port.
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/webhooks`
    })
    after(async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    })

    const post = ({ headers, body }: SignedWebhook) =>
      fetch(url, { method: 'POST', headers: { ...headers, 'content-type': contentType }, body })

    it('allows', async () => {
      const response = await post(beforeWebhook())

      assert.equal(response.status, 204)
    })

    it('vetoes', async () => {
      const response = await post(beforeWebhook({ with: tooMuch }))

      assert.equal(response.status, 409)
      assert.match(
        response.headers.get('content-type') ?? '',
        /^application\/vnd\.carabiner\.errors\.CancelEventError\+json/i,
      )
      assert.deepEqual(await response.json(), {
        reason: 'at most twice as much at once',
        details: { most: 2 },
      })
    })

    it('takes a report', async () => {
      const response = await post(afterWebhook())

      assert.equal(response.status, 204)
      assert.deepEqual(adjusted, ['018f0f69-63c9-7c86-bf2f-9b62d2cda6f4'])
    })

    it('refuses a bad signature', async () => {
      const response = await post(afterWebhook({ secrets: ['another'] }))

      assert.equal(response.status, 401)
      assert.equal(adjusted.length, 1)
    })

    it('refuses a body that was changed on the way', async () => {
      const { headers, body } = beforeWebhook({ with: tooMuch })

      const response = await post({ headers, body: body.replace('"factor":3', '"factor":1') })

      assert.equal(response.status, 401)
    })

    it('has failed at nothing', () => {
      assert.deepEqual(failures, [])
    })
  })
}

describe('docs/examples/receiver.ts', () => {
  it('vetoes, saves, and has no rule for other events', async () => {
    const saved: unknown[] = []
    const receive = short.createReceiver(webhookSecret, async (id, results) => {
      saved.push(id, results.length)
    })
    const status = async (webhook: SignedWebhook) => (await receive(asRequest(webhook))).status

    assert.equal(await status(beforeWebhook()), 204)
    assert.equal(await status(beforeWebhook({ with: tooMuch })), 409)
    assert.equal(await status(beforeWebhook({ with: { event: 'before:drop' } })), 409)
    assert.equal(await status(afterWebhook()), 204)
    assert.deepEqual(saved, ['018f0f69-63c9-7c86-bf2f-9b62d2cda6f4', 2])
  })
})

describe('docs/examples/receiver-typed.ts', () => {
  it('vetoes, and gives a number', async () => {
    const secrets = ['s3cr3t']
    const vetoed = await typed.receive(asRequest(beforeWebhook({ secrets, with: tooMuch })))

    assert.equal(vetoed.status, 409)
    assert.equal(await typed.factorOf(asRequest(beforeWebhook({ secrets }))), 2)
  })
})

describe('docs/receivers.md', () => {
  const docs = new URL('../../docs/', import.meta.url)
  const blocks = readFileSync(new URL('receivers.md', docs), 'utf8').matchAll(/```ts\n(.*?)```/gs)

  it('shows the examples as they are, and no other code', () => {
    const files = readdirSync(new URL('examples/', docs)).filter((name) => /^receiver/.test(name))
    const texts = files.map((name) => readFileSync(new URL(`examples/${name}`, docs), 'utf8'))

    const shown = Array.from(blocks, ([, code]) => code)
    assert.equal(files.length, 6)
    assert.deepEqual(shown.toSorted(), texts.toSorted())
  })
})
