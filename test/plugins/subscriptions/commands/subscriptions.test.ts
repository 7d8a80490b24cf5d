import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schemeNamed } from '../../../../src/delivery/signing/schemes.ts'
import { carabiner, carabinerJson } from '../../../helpers/cli.ts'
import { type ReceivedRequest, receiver } from '../../../helpers/receiver.ts'
import { projectFolder } from '../../../helpers/start-host.ts'
import { assembly, ops, rival, runner, secret } from './project.ts'

const unknown = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const url = 'http://127.0.0.1:9/hook'

function project(options?: Parameters<typeof assembly>[0]) {
  return projectFolder({
    'carabiner.yaml': assembly(options),
    'new-secret': `${secret}-in-a-file\n`,
  })
}

describe('carabiner subscriptions add, list, revoke', () => {
  it('subscribe a URL, change it, show it, end it', async () => {
    using folder = project()
    const { run, json, add } = runner(folder)

    const id = await add(url, '--description', 'first', '--secret', secret)
    const again = await json('add', url, '--owner', ops, '--types', 'order.*,inbox.read')
    const listed = await json('list')
    const table = await run('list')
    const revoked = await json('revoke', id)
    const revokedAgain = await json('revoke', id.toUpperCase())
    const gone = await json('list')
    const all = await json('list', '--all')

    assert.partialDeepStrictEqual(again.json, {
      subscription_id: id,
      owner_agent: ops,
      callback_url: url,
      event_types: ['order.*', 'inbox.read'],
      active: true,
      description: null,
      secret_hint: '****test',
    })
    assert.deepEqual(listed.json, [again.json])
    assert.match(table.out, /^ID +OWNER +URL +TYPES/)
    assert.match(table.out, /order\.\*, inbox\.read +active +\*\*\*\*test/)
    assert.ok(!table.out.includes(secret))
    assert.equal(typeof revoked.json['revoked_at'], 'string')
    assert.deepEqual(revokedAgain.json, revoked.json)
    assert.deepEqual(gone.json, [])
    assert.deepEqual(all.json, [revoked.json])
  })

  it('list everybody’s, or one owner’s, at most so many', async () => {
    using folder = project()
    const { run, json, add } = runner(folder)
    for (const each of ['a', 'b', 'c']) await add(`${url}/${each}`)
    await json('add', url, '--owner', rival, '--types', '*', '--inactive')

    const active = await json('list')
    const rivals = await json('list', '--owner', rival, '--all')
    const two = await run('list', '--limit', '2')

    const urls = active.json.map((each) => each['callback_url'])
    assert.deepEqual(urls, [`${url}/c`, `${url}/b`, `${url}/a`])
    assert.deepEqual(
      rivals.json.map((each) => each['active']),
      [false],
    )
    assert.equal(two.out.trim().split('\n').length, 3)
    assert.match(two.err, /more: raise --limit 2/)
  })

  it('say that nothing is signed without a secret', async () => {
    using folder = project()

    const { err } = await runner(folder).run('add', url, '--owner', ops, '--types', '*')

    assert.match(err, /not signed/)
  })

  it('are written to the audit trail', async () => {
    using folder = project()
    const { run, add } = runner(folder)
    const id = await add(url)
    await run('rotate-secret', id)
    await run('revoke', id)

    const at = { cwd: folder.path }
    const { json: trail } = await carabinerJson(['audit', 'list', '--entity', id], at)

    const rows = trail as readonly Readonly<Record<string, unknown>>[]
    assert.deepEqual(
      rows.map(({ action, actor }) => [action, actor]),
      [
        ['subscription.revoked', 'cli'],
        ['subscription.secret_rotated', 'cli'],
        ['subscription.created', 'cli'],
      ],
    )
  })
})

describe('carabiner subscriptions test', () => {
  it('sends a test event, and ends with what came of it', async () => {
    using folder = project()
    await using endpoint = await receiver({ answers: [204, 500] })
    const { run, json, add } = runner(folder)
    const id = await add(endpoint.url, '--secret', secret)

    const good = await json('test', id)
    const bad = await run('test', id)

    assert.equal(good.code, 0)
    assert.partialDeepStrictEqual(good.json, {
      subscription_id: id,
      delivery: { status: 'delivered', attempts: 1, response_status: 204 },
    })
    assert.equal(bad.code, 1)
    assert.match(bad.out, /^pending after 1 attempt: .*500/)
    const [request] = endpoint.received
    assert.equal(JSON.parse(request?.text ?? '')['event_type'], 'webhook.test')
    assert.ok(verifies(request, secret))
  })
})

describe('carabiner subscriptions rotate-secret', () => {
  it('prints a secret that it made, alone, and once', async () => {
    using folder = project()
    await using endpoint = await receiver()
    const { run, json, add } = runner(folder)
    const id = await add(endpoint.url, '--secret', secret)

    const { out, err, code } = await run('rotate-secret', id, '--grace', '1h')
    await run('test', id)

    assert.equal(code, 0)
    assert.match(out, /^whsec_\S{40,}\n$/)
    assert.match(err, /the old one beside it for 1h/)
    const made = out.trim()
    assert.ok(verifies(endpoint.received[0], made) && verifies(endpoint.received[0], secret))
    const { json: listed } = await json('list')
    assert.equal(listed[0]?.['secret_hint'], `****${made.slice(-4)}`)
  })

  it('takes one from a file, and does not show it', async () => {
    using folder = project()
    const { run, add } = runner(folder)
    const id = await add(url, '--secret', secret)

    const { out } = await run('rotate-secret', id, '--secret', '@new-secret', '--grace', '0')
    const { out: table } = await run('list')

    assert.match(out, /the new secret signs first/)
    assert.match(table, /\*\*\*\*file/)
  })
})

describe('carabiner subscriptions', () => {
  const wrong: readonly (readonly [string, RegExp, number])[] = [
    [`add ${url} --types *`, /expected --owner/, 2],
    [`add ${url} --owner ${ops}`, /expected --types/, 2],
    [`add ${url} --owner x --types *`, /--owner: expected 3 to 255/, 2],
    [`add nothing --owner ${ops} --types *`, /the URL: must be a uri, got "nothing"/, 2],
    [`add ftp://a.b --owner ${ops} --types *`, /the URL: egress refused/, 2],
    [
      `add ${url} --owner ${ops} --types *,no! --secret short`,
      /--types \/1: must .*, got "no!"\n.*--secret: must NOT have fewer than 16 characters\n$/,
      2,
    ],
    [`revoke ${unknown}`, /no subscription `0198/, 2],
    [`test ${unknown}`, /no subscription `0198/, 2],
    [`test ${unknown} --wait long`, /--wait: /, 2],
    [`rotate-secret ${unknown}`, /no subscription `0198/, 2],
    [`rotate-secret ${unknown} --grace never`, /no subscription/, 2],
    [`list --limit 0x10`, /whole number above 0 for --limit, got 0x10/, 2],
    [`list --limit none`, /whole number above 0 for --limit/, 2],
    [`publish --type a.b --payload {}`, /either --owner or --tenant/, 2],
    [`publish --owner ${ops} --tenant t --type a.b --payload {}`, /either --owner or --tenant/, 2],
    [`publish --owner ${ops} --type a.b`, /expected --payload/, 2],
    [`publish --owner ${ops} --type a.b --payload {`, /expected JSON for --payload/, 2],
    [`publish --owner ${ops} --type a.b --payload []`, /a JSON object for --payload/, 2],
    [`publish --owner ${ops} --type 1.b --payload {}`, /--type: .*, got "1.b"/, 2],
    [`events ${unknown}`, /no event `0198/, 2],
    [`events ${unknown} --type a.b`, /either an event or --type/, 2],
    [`events --from 1h --to 2h`, /--to later than --from/, 2],
    [`events --from soon`, /expected a time/, 2],
    [`replay`, /expected events, or --owner and --from/, 2],
    [`replay --owner ${ops} --to 1h`, /expected --from/, 2],
    [`replay --from 1h`, /expected --owner/, 2],
    [`replay ${unknown} --from 1h`, /either events or --from/, 2],
    [`replay ${unknown} 7`, /no event `0198a6a2.*`, `7`/, 2],
  ]
  it('refuses what is off, and stores nothing', async () => {
    using folder = project()
    const { run, json } = runner(folder)

    for (const [line, why, exit] of wrong) {
      const { code, err, out } = await run(...line.split(' '))
      assert.deepEqual([code, out], [exit, ''], `${line}: ${err}`)
      assert.match(err, why, line)
    }
    assert.deepEqual((await json('list', '--all')).json, [])
    assert.deepEqual((await json('events')).json, [])
  })

  it('refuses what is revoked', async () => {
    using folder = project()
    const { run, add } = runner(folder)
    const id = await add(url)
    await run('revoke', id)

    const test = await run('test', id)
    const rotate = await run('rotate-secret', id)

    assert.deepEqual([test.code, rotate.code], [1, 1])
    assert.match(test.err, /revoked/)
  })

  it('shows one owner’s objects to nobody who names another', async () => {
    using folder = project()
    const { run, add, publish } = runner(folder)
    const id = await add(url)
    const event = await publish('order.created')

    for (const line of [`revoke ${id}`, `test ${id}`, `events ${event}`, `replay ${event}`]) {
      const { code, err } = await run(...line.split(' '), '--owner', rival)
      assert.equal(code, 2, line)
      assert.match(err, /^error: no /)
    }
  })

  it('says why it cannot work on a store that ends with its process', async () => {
    using folder = project({ store: 'memory:' })
    const lines = [
      'list',
      `add ${url} --owner ${ops} --types *`,
      `revoke ${unknown}`,
      `test ${unknown}`,
      `rotate-secret ${unknown}`,
      `publish --owner ${ops} --type a.b --payload {}`,
      'events',
      `replay ${unknown}`,
    ]

    for (const line of lines) {
      const words = ['subscriptions', ...line.split(' ')]
      const { code, err } = await carabiner(words, { cwd: folder.path })
      assert.equal(code, 1, line)
      assert.match(err, /the memory: store ends with its process/, line)
    }
  })
})

function verifies(request: ReceivedRequest | undefined, ...keys: string[]): boolean {
  if (request === undefined) return false
  const { prepare, verify } = schemeNamed('standard')
  const { headers, body } = request
  const now = Math.floor(Date.now() / 1_000)
  const input = { header: (name: string) => headers[name], body, now }
  return verify(input, keys.map(prepare)).kind === 'verified'
}
