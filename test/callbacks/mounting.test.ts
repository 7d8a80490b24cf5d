import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { describe, it } from 'node:test'
import express, { type ErrorRequestHandler } from 'express'
import fastify from 'fastify'
import { CallbackBook } from '../../src/callbacks/callback-book.ts'
import { callbackRoutes } from '../../src/callbacks/callback-routes.ts'
import { signCallback } from '../../src/callbacks/callback-signature.ts'
import { expressCallbacks } from '../../src/callbacks/express-callbacks.ts'
import { fastifyCallbacks } from '../../src/callbacks/fastify-callbacks.ts'
import { nodeCallbacks } from '../../src/callbacks/node-callbacks.ts'
import { openStore } from '../../src/store/open-store.ts'
import { listen, serve } from './servers.ts'

const secret = '07'.repeat(32)
const store = await openStore('memory:')
const book = new CallbackBook(store)

describe('callbacks in an Express application', () => {
  it('stand below the path they are mounted at, and leave other paths alone', async () => {
    const app = express()
    app.use('/hooks', expressCallbacks(store, { secret, pathPrefix: '/calls' }))
    app.use((_request, response) => {
      response.status(418).end()
    })
    await using server = await serve(app)

    assert.equal(await complete(`${server.url}/hooks/calls`), 200)
    assert.equal(await complete(`${server.url}/calls`), 418)
    assert.equal(await complete(`${server.url}/hooks`), 418)
  })

  it('take the bytes that express.raw() has read', async () => {
    const app = express().use(
      express.raw({ type: () => true }),
      expressCallbacks(store, { secret }),
    )
    await using server = await serve(app)

    assert.equal(await complete(`${server.url}/api/callbacks`), 200)
  })

  it('do not take a body that was parsed before them: its bytes are lost', async () => {
    const errors: unknown[] = []
    const app = express().use(express.json(), expressCallbacks(store, { secret }))
    const report: ErrorRequestHandler = (error, _request, response, _next) => {
      errors.push(error)
      response.status(500).end()
    }
    app.use(report)
    await using server = await serve(app)

    assert.equal(await complete(`${server.url}/api/callbacks`), 500)
    assert.match(String(errors), /TypeError: expected the raw body/)
  })
})

describe('callbacks in a Fastify application', () => {
  it('stand below a prefix, with the hooks of the application, beside its parsers and routes', async () => {
    const app = fastify()
    app.addHook('onRequest', async (_request, reply) => {
      reply.header('x-of-the-application', 'yes')
    })
    await app.register(fastifyCallbacks(store, { secret }), { prefix: '/tenants/:tenant' })
    app.post('/echo', async ({ body }) => body)
    app.setNotFoundHandler((_request, reply) => reply.code(418).send())
    await app.ready()
    await using server = await listen(app.server)

    const { id } = await create()
    const response = await post(`${server.url}/tenants/acme/api/callbacks/${id}/complete`, id)
    assert.equal(response.status, 200)
    assert.equal(response.headers.get('x-of-the-application'), 'yes')
    assert.equal(await complete(`${server.url}/tenants/acme/api/callbacks/more`), 418)
    assert.equal(await complete(`${server.url}/api/callbacks`), 418)
    const untyped = await fetch(`${server.url}/tenants/acme/api/callbacks/more`, {
      method: 'POST',
      body: new Uint8Array(2_000_000),
    })
    assert.equal(untyped.status, 418)
    const echo = await fetch(`${server.url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{"a":1}',
    })
    assert.deepEqual(await echo.json(), { a: 1 })
  })

  it('stand at the root beside other routes when their prefix is blank', async () => {
    const app = fastify()
    await app.register(fastifyCallbacks(store, { secret, pathPrefix: '' }))
    app.get('/hello', async () => 'hello')
    await app.ready()
    await using server = await listen(app.server)

    assert.equal(await complete(server.url), 200)
    assert.equal(await (await fetch(`${server.url}/hello`)).text(), 'hello')
    assert.equal((await fetch(`${server.url}/nothing`)).status, 404)
  })
})

describe('callbacks in a server of node:http', () => {
  it('hand on what is not theirs', async () => {
    const callbacks = nodeCallbacks(store, { secret })
    await using server = await serve((request, response) => {
      callbacks(request, response, () => response.writeHead(418).end())
    })

    assert.equal(await complete(`${server.url}/api/callbacks`), 200)
    assert.equal((await fetch(`${server.url}/other`)).status, 418)
  })

  it('tell onError of a body that was read before them, and the sender nothing', async () => {
    const errors: unknown[] = []
    const callbacks = nodeCallbacks(store, { secret, onError: (error) => errors.push(error) })
    await using server = await serve(async (request, response) => {
      for await (const _ of request);
      callbacks(request, response)
    })

    const { id } = await create()
    const response = await post(`${server.url}/api/callbacks/${id}/complete`, id)

    assert.equal(response.status, 500)
    assert.deepEqual(await response.json(), { error: 'internal server error' })
    assert.match(String(errors), /TypeError: expected the raw body/)
  })

  it('take a target with a host in it, and outlive a sender that goes away', async () => {
    await using server = await listen(createServer(nodeCallbacks(store, { secret })))
    const { host, port } = new URL(server.url)
    const { id } = await create()
    const head = [
      `POST ${server.url}/api/callbacks/${id}/complete HTTP/1.1`,
      `host: ${host}`,
      `x-awa-signature: ${signCallback(id, secret)}`,
    ]

    await speak(Number(port), `${head.join('\r\n')}\r\ncontent-length: 100\r\n\r\n{`, 'and leave')
    assert.equal((await book.find([id]))[0]?.state, 'WaitingExternal')
    const said = await speak(
      Number(port),
      `${head.join('\r\n')}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
      'and listen',
    )

    assert.match(said, /^HTTP\/1\.1 200 /)
  })
})

describe('callbacks as a web-standard function', () => {
  it('answer 404 on paths that are not theirs', async () => {
    const callbacks = callbackRoutes(store, { secret })

    const response = await callbacks(new Request('http://localhost/other', { method: 'POST' }))

    assert.deepEqual([response.status, await response.json()], [404, { error: 'not found' }])
  })

  it('want a body that nobody has read', async () => {
    const callbacks = callbackRoutes(store, { secret })
    const { id } = await create()
    const request = new Request(`http://localhost/api/callbacks/${id}/complete`, {
      method: 'POST',
      headers: { 'x-awa-signature': signCallback(id, secret) },
      body: '{}',
    })
    await request.text()

    await assert.rejects(callbacks(request), TypeError)
  })
})

function create(): ReturnType<CallbackBook['create']> {
  return book.create({ waiter: 'w', timeoutMs: 3_600_000 })
}

function post(url: string, id: string): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-awa-signature': signCallback(id, secret) },
    body: '{"payload":1}',
  })
}

/** The status of a completion below a URL. */
async function complete(base: string): Promise<number> {
  const { id } = await create()
  return (await post(`${base}/${id}/complete`, id)).status
}

/** Sends bytes, and either leaves at once or resolves to all that comes. */
function speak(port: number, bytes: string, then: 'and leave' | 'and listen'): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = ''
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes, () => {
        if (then === 'and leave') socket.destroy()
      })
    })
    socket.on('data', (chunk) => {
      heard += chunk
    })
    socket.on('error', reject)
    socket.on('close', () => resolve(heard))
  })
}
