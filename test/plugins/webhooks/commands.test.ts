import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { systemClock } from '../../../src/clock.ts'
import { Signer } from '../../../src/delivery/signing/signer.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { openStore } from '../../../src/store/open-store.ts'
import { makeAuthority, makeCertificate } from '../../helpers/certificate.ts'
import { carabiner, carabinerJson } from '../../helpers/cli.ts'
import { startHostile } from '../../helpers/hostile-receiver.ts'
import { type Answer, receiver } from '../../helpers/receiver.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../../helpers/start-host.ts'

const cancelled: Answer = {
  headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
  body: '{"reason":"too late"}',
}

/** A project on SQLite with a gate before, and a warehouse after `adjust`. */
function project(url: string): ProjectFolder {
  return projectFolder({
    'adjuster.ts': adjusterSource,
    'carabiner.yaml': `host: { store: "sqlite:./carabiner.db" }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - { name: gate, events: before:adjust, url: "${url}/gate?token=hidden", secret: a-secret-of-this-test }
  - { name: warehouse, events: [after:adjust, after:check], url: "${url}/warehouse", secret: a-secret-of-this-test }
`,
  })
}

describe('webhooks list, pause and enable', () => {
  it('show the endpoints and stop them for a while', async () => {
    using folder = project('http://127.0.0.1:9')
    const at = { cwd: folder.path }

    const paused = await carabiner(['webhooks', 'pause', 'warehouse', '--for', '1h'], at)
    const { json } = await carabinerJson(['webhooks', 'list'], at)
    const enabled = await carabiner(['webhooks', 'enable', 'warehouse'], at)
    const after = await carabinerJson(['webhooks', 'list'], at)

    assert.deepEqual([paused.code, enabled.code], [0, 0])
    assert.match(paused.out, /warehouse is paused until/)
    assert.partialDeepStrictEqual(json, [
      { name: 'gate', events: ['before:adjust'], circuit: 'closed', mode: 'enforce', paused: null },
      { name: 'warehouse', events: ['after:adjust', 'after:check'], mode: null },
    ])
    assert.equal(JSON.stringify(json).includes('hidden'), false)
    assert.ok(Array.isArray(json) && Date.parse(json[1].paused) > Date.now())
    assert.partialDeepStrictEqual(after.json, [{}, { name: 'warehouse', paused: null }])

    const { json: trail } = await carabinerJson(['audit', 'list'], at)
    const row = { entityType: 'endpoint', entityId: 'webhooks/warehouse', actor: 'cli' }
    const until = json[1].paused
    assert.partialDeepStrictEqual(trail, [
      { ...row, action: 'endpoint.enabled', details: {} },
      { ...row, action: 'endpoint.paused', details: { until } },
    ])
  })

  it('enable what a 410 disabled', async () => {
    using folder = project('http://127.0.0.1:9')
    const url = `sqlite:${folder.file('carabiner.db')}`
    {
      await using store = await openStore(url, { clock: systemClock })
      await store.updateEndpoint('webhooks/gate', { disabledReason: '410 Gone', circuit: 'open' })
    }

    const before = await carabiner(['webhooks', 'list'], { cwd: folder.path })
    await carabiner(['webhooks', 'enable', 'gate'], { cwd: folder.path })
    const { json } = await carabinerJson(['webhooks', 'list'], { cwd: folder.path })

    assert.match(before.out, /disabled: 410 Gone/)
    assert.partialDeepStrictEqual(json, [{ name: 'gate', circuit: 'closed', disabled: null }, {}])
  })

  it('are usage errors for an unknown name, or a pause without an end', async () => {
    using folder = project('http://127.0.0.1:9')
    const at = { cwd: folder.path }

    const unknown = await carabiner(['webhooks', 'enable', 'warehous'], at)
    const endless = await carabiner(['webhooks', 'pause', 'warehouse'], at)
    const wrong = await carabiner(['webhooks', 'pause', 'warehouse', '--for', 'soon'], at)
    const onlyAsked = await carabiner(['webhooks', 'pause', 'gate', '--for', '1h'], at)

    assert.deepEqual(
      [unknown, endless, wrong, onlyAsked].map(({ code }) => code),
      [2, 2, 2, 2],
    )
    assert.match(onlyAsked.err, /mode: off/)
    assert.match(unknown.err, /no webhook `warehous`; did you mean `warehouse`\?/)
  })
})

describe('webhooks schema', () => {
  it('prints the content type, the schema, and a body that validates', async () => {
    using folder = project('http://127.0.0.1:9')
    const at = { cwd: folder.path }

    const text = await carabiner(['webhooks', 'schema', 'before:adjust'], at)
    const { json } = await carabinerJson(['webhooks', 'schema', 'after:adjust'], at)
    const example = await carabiner(['webhooks', 'schema', 'after:adjust', '--example'], at)

    assert.match(
      text.out,
      /^Content-Type: application\/vnd\.carabiner\.before\.adjust\+json; version=1\n/,
    )
    const { contentType, schema } = json as { contentType: string; schema: object } // what --json promises
    assert.equal(contentType, 'application/vnd.carabiner.after.adjust+json; version=1')
    assert.deepEqual(new Validator().compile(schema)(JSON.parse(example.out)), [])
  })

  for (const hook of ['on:adjust', 'adjust', 'BEFORE:adjust', 'before:ajust', 'before:']) {
    it(`refuses ${hook}`, async () => {
      using folder = project('http://127.0.0.1:9')

      assert.equal((await carabiner(['webhooks', 'schema', hook], { cwd: folder.path })).code, 2)
    })
  }
})

describe('webhooks trigger', () => {
  it('sends one signed request, records nothing, and tells the decision', async () => {
    await using endpoint = await receiver({ answers: [204, cancelled, 404] })
    using folder = project(endpoint.url)
    const at = { cwd: folder.path }
    const trigger = ['webhooks', 'trigger', 'before:adjust']

    const allowed = await carabiner([...trigger, '--params', '{"component":"web","amount":3}'], at)
    const vetoed = await carabinerJson([...trigger, 'gate'], at)
    const missing = await carabiner(trigger, at)
    const { json: deliveries } = await carabinerJson(['deliveries', 'list'], at)

    assert.deepEqual([allowed.code, vetoed.code, missing.code], [0, 3, 1])
    assert.match(allowed.out, /204 No Content\ntotal .* ms.*\ndecision: ALLOW/)
    assert.partialDeepStrictEqual(vetoed.json, {
      status: 200,
      decision: { kind: 'CANCEL', reason: 'too late' },
      reply: { body: { reason: 'too late' } },
    })
    assert.match(missing.out, /decision: ERROR \(status\).*\nhint: is the URL's path right\?/)
    const [first] = endpoint.received
    const body = JSON.parse(first?.text ?? '')
    assert.deepEqual(body.params, { component: 'web', amount: 3 })
    assert.equal(first?.headers['x-trace-id'], body.trace_id)
    assert.equal(first?.path, '/gate?token=hidden')
    assert.deepEqual(deliveries, [])
  })

  it('sends to any URL with a secret of its own', async () => {
    await using endpoint = await receiver({ answers: [200] })
    using folder = project('http://127.0.0.1:9')
    const at = { cwd: folder.path }
    const trigger = ['webhooks', 'trigger', 'after:adjust', `${endpoint.url}/adhoc`]

    const sent = await carabiner([...trigger, '--secret', 's', '--results', '[{"applied":2}]'], at)
    const unsigned = await carabiner(trigger, at)

    assert.deepEqual([sent.code, unsigned.code], [0, 2])
    const [request] = endpoint.received
    assert.match(sent.out, /200 OK[\s\S]*\ndelivered\n/)
    assert.deepEqual(JSON.parse(request?.text ?? '').results, [
      { connector: 'example', value: { applied: 2 } },
    ])
    const servo = new Signer(['servo'], ['s']).headers({
      id: '',
      timestamp: 0,
      body: request?.body ?? new Uint8Array(),
    })
    assert.equal(request?.headers['x-servo-signature'], servo['x-servo-signature'])
  })

  it('hints at a receiver that did not read the body', async () => {
    await using endpoint = await receiver({ answers: [{ status: 400, body: 'no body' }] })
    using folder = project(endpoint.url)

    const { out, code } = await carabiner(['webhooks', 'trigger', 'before:adjust'], {
      cwd: folder.path,
    })

    assert.equal(code, 1)
    assert.match(out, /hint: express\.json\(\) leaves req\.body empty/)
  })

  it('hints at what kept the connection from being made', async () => {
    await using untrusted = await startHostile({ certificate: makeCertificate() })
    using folder = project(untrusted.at('/ok').origin)
    const at = { cwd: folder.path }
    const behind = `host: { egress: { proxy: 'http://127.0.0.1:9' } }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks: []
`
    writeFileSync(folder.file('behind.yaml'), behind)
    const trigger = ['webhooks', 'trigger', 'before:adjust']
    const nowhere = [...trigger, 'http://127.0.0.1:9/', '--secret', 's']

    const [certificate, nobody, proxy] = await Promise.all([
      carabiner(trigger, at),
      carabiner(nowhere, at),
      carabiner(['--config', 'behind.yaml', ...nowhere], at),
    ])

    assert.match(certificate.out, /DEPTH_ZERO_SELF_SIGNED_CERT[\s\S]*hint: see .* of its `tls`/)
    assert.match(nobody.out, /ECONNREFUSED[\s\S]*hint: does anything listen there/)
    assert.match(proxy.out, /the proxy 127.*ECONNREFUSED[\s\S]*hint: `host\.egress\.proxy`/)
  })

  it('refuses what does not fit', async () => {
    using folder = project('http://127.0.0.1:9')
    const run = (...args: readonly string[]) =>
      carabiner(['webhooks', 'trigger', ...args], { cwd: folder.path })

    const codes = [
      await run('before:adjust', 'nobody'),
      await run('before:check'),
      await run('before:adjust', 'gate', '--results', '[]'),
      await run('before:adjust', 'gate', '--params', '{'),
      await run('before:adjust', 'gate', '--params', '{"component":"web"}'),
      await run('after:adjust', 'warehouse', '--results', '[{"applied":"x"}]'),
      await run('before:adjust', 'gate'),
    ].map(({ code }) => code)

    assert.deepEqual(codes, [2, 2, 2, 2, 1, 1, 1])
  })
})

describe('webhooks verify', () => {
  const body = '{"hello":"wörld"}'
  const secret = 'a-secret-of-this-test'
  const headersAt = (timestamp: number): string[] => {
    const input = { id: 'msg_1', timestamp, body: new TextEncoder().encode(body) }
    const headers = {
      'webhook-id': 'msg_1',
      ...new Signer(['standard', 'servo'], [secret]).headers(input),
    }
    return Object.entries(headers).flatMap(([name, value]) => ['--header', `${name}: ${value}`])
  }
  const now = Math.floor(Date.now() / 1_000)

  it('tells which schemes verify, without an assembly', async () => {
    using folder = projectFolder({ 'body.json': body })
    const args = [
      'webhooks',
      'verify',
      '--secret',
      secret,
      '--body',
      '@body.json',
      ...headersAt(now),
    ]

    const { code, json } = await carabinerJson(args, { cwd: folder.path })

    assert.equal(code, 0)
    assert.ok(Array.isArray(json))
    const verified = json.filter((row) => row.verified).map((row) => row.scheme)
    assert.deepEqual(verified, ['servo', 'standard'])
    assert.ok(json.every((row) => row.verified || row.reason !== ''))
  })

  it('exits with 1 when none does, and says why', async () => {
    using folder = projectFolder({ 'body.json': body })
    const at = { cwd: folder.path }
    const verify = ['webhooks', 'verify', '--body', '@body.json']

    const other = await carabiner([...verify, '--secret', 'other', ...headersAt(now)], at)
    const bare = await carabiner([...verify, '--secret', secret], at)
    const wrong = await carabiner([...verify, '--secret', secret, '--header', 'nonsense'], at)
    const missing = await carabiner(verify, at)

    assert.deepEqual([other.code, bare.code, wrong.code, missing.code], [1, 1, 2, 2])
  })
})

describe('carabiner check, of webhooks', () => {
  it('fails for a certificate that has ended, and warns of one that soon will', async () => {
    const authority = makeAuthority()
    const certificates = {
      gone: authority.issue('gone', undefined, -1),
      soon: authority.issue('soon'),
      sound: authority.issue('sound', undefined, 30),
    }
    const names = Object.keys(certificates)
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      ...Object.fromEntries(
        Object.entries(certificates).flatMap(([name, { cert, key }]) => [
          // The authority's own ends within two days, too.
          [`${name}.pem`, name === 'soon' ? cert + authority.cert : cert],
          [`${name}-key.pem`, key],
        ]),
      ),
      'carabiner.yaml': `host: { store: "memory:" }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
${names.map((name) => `  - { name: ${name}, events: after:adjust, url: "https://127.0.0.1:9/", secret: a-secret-of-this-test, tls: { cert: !file ${name}.pem, key: !file ${name}-key.pem } }`).join('\n')}
`,
    })

    const { code, json } = await carabinerJson(['check'], { cwd: folder.path })

    assert.equal(code, 1)
    const rows = json as { id: string; status: string; severity: string; message: string | null }[]
    const [, ended, ending] = rows
    assert.partialDeepStrictEqual(ended, { id: 'webhooks.certificates', severity: 'common' })
    assert.match(ended?.message ?? '', /^certificates end: gone \(\d{4}-\d\d-\d\dT\S+Z\)$/)
    assert.partialDeepStrictEqual(ending, { id: 'webhooks.certificates_soon', severity: 'warning' })
    assert.match(ending?.message ?? '', /^certificates end: gone \(\S+\), soon \(\S+\)$/)
  })
})
