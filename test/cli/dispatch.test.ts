import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { carabiner, carabinerJson } from '../helpers/cli.ts'
import { receiver } from '../helpers/receiver.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

const plain = {
  'carabiner.yaml': `
host: { store: 'memory:' }
connectors: { adjuster: ./adjuster.ts }
`,
  'adjuster.ts': adjusterSource,
}

function withWebhook(
  url: string,
  hook: string,
  store = 'sqlite:./data/x.db',
): Record<string, string> {
  return {
    'carabiner.yaml': `
host: { store: '${store}' }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - { name: hook, events: '${hook}', url: '${url}', secret: s3cr3t-s3cr3t }
`,
    'adjuster.ts': adjusterSource,
  }
}

const pricerSource = `import { defineConnector, defineEvent, rawMember } from 'carabiner'
import { Type } from 'typebox'

export const price = defineEvent('price', { params: Type.Object({ price: Type.Number() }) })

export default defineConnector({
  name: 'pricer',
  events: [price],
  setup({ on }) {
    on(price, ({ source }) => ({ text: rawMember(source ?? '{}', 'price') ?? null }))
  },
})
`

describe('carabiner dispatch', () => {
  it('prints a completed outcome and exits 0', async () => {
    using folder = projectFolder(plain)

    const { code, out } = await carabiner(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":5}'],
      { cwd: folder.path },
    )

    assert.equal(code, 0)
    assert.match(out, /^completed adjust in \d+ ms\n {2}adjuster: \{"applied":5\}\n$/)
  })

  it('hands on the text of --params, where numbers are as they were written', async () => {
    using folder = projectFolder({
      'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: { pricer: ./pricer.ts }\n",
      'pricer.ts': pricerSource,
    })

    const { json } = await carabinerJson(['dispatch', 'price', '--params', '{"price": 1.0}'], {
      cwd: folder.path,
    })

    assert.partialDeepStrictEqual(json, {
      results: [{ connector: 'pricer', value: { text: '1.0' } }],
    })
  })

  it('gives the outcome field for field with --json', async () => {
    using folder = projectFolder(plain)

    const { code, json } = await carabinerJson(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":5}', '--actor', 'ada'],
      { cwd: folder.path },
    )

    assert.equal(code, 0)
    const { dispatchId, traceId, durationMs, ...rest } = json as Record<string, unknown>
    assert.match(String(dispatchId), /^[0-9a-f-]{36}$/)
    assert.equal(traceId, dispatchId)
    assert.equal(typeof durationMs, 'number')
    assert.deepEqual(rest, {
      event: 'adjust',
      dryRun: false,
      warnings: [],
      kind: 'completed',
      results: [{ connector: 'adjuster', value: { applied: 5 } }],
      unknown: null,
    })
  })

  it('exits 3 when a handler cancels, with the reason', async () => {
    using folder = projectFolder(plain)

    const { code, out } = await carabiner(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":5000}'],
      { cwd: folder.path },
    )

    assert.equal(code, 3)
    assert.match(out, /by adjuster: at most 512/)
  })

  it('reads params from a file and from standard input', async () => {
    using folder = projectFolder({ ...plain, 'params.json': '{"component":"web","amount":7}' })
    const cwd = folder.path

    const file = await carabiner(['dispatch', 'adjust', '--params', '@params.json'], { cwd })
    const stdin = '{"component":"web","amount":8}'
    const piped = await carabiner(['dispatch', 'adjust', '--params', '-'], { cwd, stdin })

    assert.match(file.out, /"applied":7/)
    assert.match(piped.out, /"applied":8/)
  })

  for (const [what, args, code, complaint] of [
    [
      'params that do not match',
      ['adjust', '--params', '{"component":"x","amount":-1}'],
      1,
      /amount/,
    ],
    ['an unknown event', ['adjsut'], 2, /did you mean `adjust`\?/],
    ['startup', ['startup'], 2, /`startup` is dispatched by the host itself, when it starts/],
    ['check', ['check', '--dry-run'], 2, /`carabiner check`/],
    [
      'shutdown',
      ['shutdown', '--params', '{"reason":"x"}'],
      2,
      /by the host itself, when it stops/,
    ],
    ['params that are no JSON', ['adjust', '--params', '{'], 2, /expected JSON for --params/],
    ['params that are no object', ['adjust', '--params', '[1]'], 2, /expected a JSON object/],
    [
      'a params file that is missing',
      ['adjust', '--params', '@none.json'],
      2,
      /cannot read none.json/,
    ],
    ['a bad duration', ['adjust', '--timeout', '5x'], 2, /5x/],
    ['an actor without a name', ['adjust', '--actor', ''], 2, /1 to 256 visible .* --actor/],
    ['an unknown option', ['adjust', '--tmieout', '5s'], 2, /unknown option/],
    ['no event', [], 2, /missing required argument/],
  ] as const) {
    it(`exits ${code} for ${what} and says what was expected`, async () => {
      using folder = projectFolder(plain)

      const result = await carabiner(['dispatch', ...args], { cwd: folder.path })

      assert.equal(result.code, code)
      assert.match(result.err, complaint)
      assert.doesNotMatch(result.err, /\n\s+at /, 'no stack trace')
      assert.equal(result.out, '')
    })
  }

  for (const shortest of ['1ns', '0.000000001']) {
    it(`takes a deadline of ${shortest}: the shortest there is`, async () => {
      using folder = projectFolder(plain)
      const params = '{"component":"web","amount":7}'

      const { code, out, err } = await carabiner(
        ['dispatch', 'adjust', '--params', params, '--timeout', shortest],
        { cwd: folder.path },
      )

      assert.equal(code, 1, err)
      assert.match(out, /DEADLINE_EXCEEDED: the deadline of 1ns was reached/)
    })
  }

  it('names everything that does not match', async () => {
    using folder = projectFolder(plain)

    const { err } = await carabiner(['dispatch', 'adjust', '--params', '{"amount":-1}'], {
      cwd: folder.path,
    })

    assert.match(err, /component/)
    assert.match(err, /amount/)
  })

  it('delivers what the event owes before it ends', async () => {
    await using endpoint = await receiver()
    using folder = projectFolder(withWebhook(endpoint.url, 'after:adjust'))

    const { code, err } = await carabiner(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":5}'],
      { cwd: folder.path },
    )

    assert.equal(code, 0)
    assert.equal(err, '')
    assert.equal((await endpoint.requests(1)).length, 1)
  })

  it('leaves what it could not deliver to the next host, due at once, and says so', async () => {
    await using endpoint = await receiver()
    using folder = projectFolder(withWebhook(endpoint.url, 'after:adjust'))
    const cwd = folder.path
    const params = ['--params', '{"component":"web","amount":5}']

    const first = await carabiner(['dispatch', 'adjust', ...params, '--wait', '0'], { cwd })
    const { json } = await carabinerJson(['deliveries', 'list'], { cwd })

    assert.equal(first.code, 0)
    assert.match(first.err, /1 delivery left to the next host/)
    const [row] = json as { state: string; endpoint: string; attempts: number }[]
    assert.equal(row?.state, 'pending')
    assert.equal(row?.endpoint, 'webhooks/hook')
    assert.equal(row?.attempts, 0)
  })

  it('says that what is left on memory: is lost', async () => {
    await using endpoint = await receiver()
    using folder = projectFolder(withWebhook(endpoint.url, 'after:adjust', 'memory:'))

    const { code, err } = await carabiner(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":5}', '--wait', '0'],
      { cwd: folder.path },
    )

    assert.equal(code, 0)
    assert.match(err, /1 delivery lost: the memory: store ends with its process/)
  })

  it('asks the before handlers only in a dry run', async () => {
    await using endpoint = await receiver()
    using folder = projectFolder(withWebhook(endpoint.url, 'after:adjust'))
    const cwd = folder.path

    const { code, out } = await carabiner(
      ['dispatch', 'adjust', '--dry-run', '--params', '{"component":"web","amount":5}'],
      { cwd },
    )
    const { json } = await carabinerJson(['deliveries', 'list'], { cwd })

    assert.equal(code, 0)
    assert.match(out, /completed adjust \(dry run\)/)
    assert.deepEqual(json, [])
  })
})
