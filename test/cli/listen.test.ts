import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Signer } from '../../src/delivery/signing/signer.ts'
import { carabiner } from '../helpers/cli.ts'
import { projectFolder } from '../helpers/start-host.ts'

const secret = 's3cr3t-s3cr3t'

interface Listening extends AsyncDisposable {
  readonly url: string
  /** The requests it told of, as JSON. */
  readonly told: readonly { kind: string; signature: string; status: number; body: string }[]
  stop(): Promise<number>
}

describe('carabiner listen', () => {
  it('verifies, tells of each request, and ends with 0', async () => {
    await using listening = await listen(['--secret', secret])

    const good = await post(listening.url, 'after:adjust', signed('{"a":1}'))
    const bad = await post(listening.url, 'after:adjust', { ...signed('{"a":1}'), body: '{"a":2}' })
    const code = await listening.stop()

    assert.deepEqual([good.status, bad.status, code], [204, 401, 0])
    assert.match(listening.told[0]?.signature ?? '', /standard: verified/)
    assert.equal(listening.told[0]?.body, '{"a":1}')
    assert.doesNotMatch(listening.told[1]?.signature ?? '', /verified/)
  })

  it('vetoes before events with --cancel, and takes the rest', async () => {
    await using listening = await listen(['--cancel', 'not today'])

    const before = await post(listening.url, 'before:adjust', signed('{}'))
    const after = await post(listening.url, 'after:adjust', signed('{}'))

    assert.equal(before.status, 409)
    assert.match(before.headers.get('content-type') ?? '', /CancelEventError\+json/)
    assert.partialDeepStrictEqual(await before.json(), { reason: 'not today' })
    assert.equal(after.status, 204)
  })

  it('fails the first requests with --fail N', async () => {
    await using listening = await listen(['--fail', '2'])

    const statuses: number[] = []
    for (let request = 0; request < 3; request += 1) {
      statuses.push((await post(listening.url, 'after:adjust', signed('{}'))).status)
    }

    assert.deepEqual(statuses, [503, 503, 204])
  })

  for (const args of [
    ['--port', '70000'],
    ['--port', 'http'],
    ['--fail', 'often'],
    ['--fail', '120%'],
    ['--latency', '5 s'],
    ['--secret', ''],
    ['--cancel', ''],
  ]) {
    it(`exits 2 for ${args.join(' ')}`, async () => {
      using folder = projectFolder({})

      const { code, err } = await carabiner(['listen', ...args], { cwd: folder.path })

      assert.equal(code, 2)
      assert.match(err, /expected/)
    })
  }

  it('says that a port is taken', async () => {
    await using listening = await listen([])
    using folder = projectFolder({})
    const { port } = new URL(listening.url)

    const { code, err } = await carabiner(['listen', '--port', port], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(err, /is taken; --port names another/)
  })
})

function signed(body: string): { body: string; headers: Record<string, string> } {
  const timestamp = Math.floor(Date.now() / 1000)
  const signer = new Signer(['standard', 'servo'], [secret])
  const headers = signer.headers({ id: 'id-1', timestamp, body: new TextEncoder().encode(body) })
  return {
    body,
    headers: { ...headers, 'webhook-id': 'id-1', 'webhook-timestamp': String(timestamp) },
  }
}

function post(
  url: string,
  hook: string,
  { body, headers }: { body: string; headers: Record<string, string> },
): Promise<Response> {
  return fetch(url, { method: 'POST', body, headers: { ...headers, 'x-servo-event': hook } })
}

async function listen(args: readonly string[]): Promise<Listening> {
  const folder = projectFolder({})
  const stopping = new AbortController()
  const told: Listening['told'][number][] = []
  const listening = Promise.withResolvers<string>()
  const onOut = (text: string): void => {
    const line = JSON.parse(text)
    if (line.kind === 'listening') listening.resolve(line.url)
    else told.push(line)
  }
  const options = { cwd: folder.path, signal: stopping.signal, onOut }
  const ended = carabiner(['listen', '--json', '--port', '0', ...args], options)
  const stop = async (): Promise<number> => {
    stopping.abort()
    return (await ended).code
  }
  return {
    url: await listening.promise,
    told,
    stop,
    async [Symbol.asyncDispose]() {
      await stop()
      folder[Symbol.dispose]()
    },
  }
}
