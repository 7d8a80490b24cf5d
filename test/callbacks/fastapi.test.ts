import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { after, describe, it } from 'node:test'
import { Answers } from '../../docs/examples/callbacks-send.ts'
import { CallbackBook } from '../../src/callbacks/callback-book.ts'
import { signCallback } from '../../src/callbacks/callback-signature.ts'
import { callbackConformance } from '../../src/callbacks/conformance/conformance.ts'
import { freePort } from '../helpers/free-port.ts'
import { describePython, pythonEnvironment } from '../helpers/python.ts'
import { managementKey, request } from '../helpers/served-host.ts'
import { type Spawned, spawnProgram } from '../helpers/spawned.ts'
import { startProject } from '../helpers/start-host.ts'
import { exampleFolder, PythonServers } from './python-servers.ts'
import { serve } from './servers.ts'

const secret = '07'.repeat(32)
const otherSecret = 'ab'.repeat(32)
const modules = ['fastapi', 'httpx', 'uvicorn']

const project = await startProject(
  `
host:
  store: 'memory:'
  server: { management_key: ${managementKey}, listeners: [{ host: 127.0.0.1, port: 0, serve: [management] }] }
connectors: { callbacks: callbacks }
callbacks: { secret: '${secret}', sweep: 1h }
`,
  { listen: true },
)
const { store } = project.host
const book = new CallbackBook(store)
after(() => project[Symbol.asyncDispose]())

/** What may stand where a host is expected; the status tells whether it is worth trying again. */
const strangeHosts: readonly (readonly [string, number, string])[] = [
  ['a proxy that says 502', 502, '<h1>Bad Gateway</h1>'],
  ['a proxy that says 503', 503, '<h1>Service Unavailable</h1>'],
  ['a proxy that says 504', 504, '<h1>Gateway Timeout</h1>'],
  ['a host that does not know the key', 401, '{"error":{"message":"Invalid management API key"}}'],
  ['a host without callbacks', 404, '{"error":{"message":"there is no such path"}}'],
  ['something else that says 200', 200, '<h1>Welcome</h1>'],
  ['something else that says 200 in JSON', 200, '[]'],
  ['something else that says 404', 404, '<h1>Not Found</h1>'],
  ['something that redirects', 302, ''],
]
const storeUnavailable = { status: 503, body: { error: 'store unavailable' } }
const internalError = { status: 500, body: { error: 'internal server error' } }

describePython('callbacks over HTTP, received by FastAPI', modules, (python) => {
  const servers = new PythonServers(python)
  const conformance = callbackConformance({
    store,
    async start(used, config) {
      // Only a host that is made for it has a store that fails so.
      if (used !== store) return servers.startOn(used, config)
      return { url: await servers.start(project.url, config), async [Symbol.asyncDispose]() {} }
    },
  })
  after(async () => {
    await using running = servers
    await conformance[Symbol.asyncDispose]()
    assert.equal(await running.end(), 0)
    assertNothingSecret(running.err)
  })

  for (const each of conformance.cases) it(each.name, () => each.run())

  for (const [what, status, body] of strangeHosts) {
    const told = status > 500 ? storeUnavailable : internalError
    it(`answers ${told.status} in front of ${what}`, async () => {
      await using host = await serve((_request, response) => {
        response.writeHead(status, { location: '/elsewhere' }).end(body)
      })
      const url = await servers.start(host.url, { secret })

      assert.deepEqual(await complete(url, await create()), told)
    })
  }

  it('answers 503 where there is no host, and says so in its log', async () => {
    const url = await servers.start(`http://127.0.0.1:${await freePort()}`, { secret })
    const id = await create()

    assert.deepEqual(await complete(url, id), storeUnavailable)

    assert.match(servers.err, new RegExp(`callback ${id}: no answer of the host`))
  })

  it('hands nothing on of a sender who goes away in the middle', async () => {
    const url = await servers.start(project.url, { secret })
    const id = await create()
    const socket = connect(Number(new URL(url).port), '127.0.0.1')

    socket.write(`POST /api/callbacks/${id}/complete HTTP/1.1\r\nHost: a\r\n`)
    socket.write(`X-Awa-Signature: ${signCallback(id, secret)}\r\nContent-Length: 9\r\n\r\n{}`)
    socket.end()
    await once(socket.resume(), 'close')

    assert.deepEqual(await complete(url, id), {
      status: 200,
      body: { id, state: 'Completed' },
    })
  })
})

describePython('docs/examples/fastapi/app.py under uvicorn', modules, (python) => {
  it('takes what docs/examples/callbacks-send.ts sends, beside routes of its own', async () => {
    await using server = startApp(python, project.url)
    const url = await urlOf(server)
    const answers = new Answers(url, secret)
    const [done, refused] = [await create(), await create()]

    assert.equal(await answers.heartbeat(done, 3_600), true)
    assert.equal(await answers.complete(done, { ok: true }), true)
    assert.equal(await answers.fail(refused, 'no'), true)
    assert.equal(await answers.complete(refused, {}), false)
    assert.equal((await request(`${url}/hello`)).text, '"hello"')
    server.child.kill('SIGINT')
    assert.equal(await server.exit(), 0)

    const [completed, failed] = await book.find([done, refused])
    assert.equal(Buffer.from(completed?.payload ?? []).toString(), '{"ok":true}')
    assert.equal(failed?.error, 'no')
  })
})

describe('docs/callbacks.md', () => {
  const page = readFileSync(new URL('../../docs/callbacks.md', import.meta.url), 'utf8')

  it('shows the FastAPI application as it is, and names its other files', () => {
    const shown = Array.from(page.matchAll(/```python\n(.*?)```/gs), ([, code]) => code)
    const files = readdirSync(exampleFolder).filter((name) => name.endsWith('.py'))

    assert.deepEqual(shown, [readFileSync(`${exampleFolder}/app.py`, 'utf8')])
    assert.deepEqual(files, ['access.py', 'app.py', 'callbacks.py', 'keyed_hash.py'])
    for (const name of files) assert.ok(page.includes(`](examples/fastapi/${name})`), name)
  })
})

async function create(): Promise<string> {
  return (await book.create({ waiter: 'w', timeoutMs: 60_000 })).id
}

async function complete(url: string, id: string) {
  const { status, json } = await request(`${url}/api/callbacks/${id}/complete`, {
    method: 'POST',
    headers: { 'x-awa-signature': signCallback(id, secret) },
    body: '{}',
  })
  return { status, body: json }
}

/** As the page says that it is started. */
function startApp(python: string, hostUrl: string): Spawned {
  return spawnProgram(
    python,
    ['-m', 'uvicorn', '--app-dir', exampleFolder, '--factory', 'app:create_app', '--port', '0'],
    {
      cwd: exampleFolder,
      env: pythonEnvironment({
        CALLBACK_SECRET: `${otherSecret},${secret}`,
        CARABINER_URL: hostUrl,
        CARABINER_MANAGEMENT_KEY: managementKey,
      }),
    },
  )
}

async function urlOf(server: Spawned): Promise<string> {
  const running = /Uvicorn running on (\S+)/
  await Promise.race([server.said(running), server.exit()])
  const [, url] = running.exec(server.err()) ?? []
  assert.ok(url, server.err())
  return url
}

function assertNothingSecret(log: string): void {
  // The log was on: ids, and what went wrong.
  assert.match(log, /"POST \/api\/callbacks\/[-0-9a-f]{36}\/complete HTTP\/1.1" 200/)
  assert.match(log, /UnexpectedReply: the host answered 500: internal error/)
  // Signatures and secrets are 64 hex digits, and nothing else is.
  assert.doesNotMatch(log, /\b[0-9a-f]{64}\b/i)
  assert.ok(!log.includes(managementKey))
}
