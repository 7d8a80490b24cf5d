import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { httpWorker } from '../../../../plugins/callbacks/http-worker/connector.ts'
import { loadAssembly } from '../../../../src/assembly/load-assembly.ts'
import type { Problem } from '../../../../src/assembly/problem.ts'
import { Validator } from '../../../../src/schema/validator.ts'
import { adjusterSource, builtInFolder, projectFolder } from '../../../helpers/start-host.ts'

const desk = `import { defineConnector } from 'carabiner'
export default defineConnector({ name: 'desk', servesCallbacks: true, setup() {} })
`
const publicUrl = 'server: { public_url: "https://hooks.example.com" }'

interface Surroundings {
  readonly stanza?: string
  readonly connectors?: string
}

/** The problems of an assembly with these workers, written as YAML. */
async function problemsOf(
  workers: string,
  {
    stanza = publicUrl,
    connectors = 'adjuster: ./adjuster.ts, desk: ./desk.ts',
  }: Surroundings = {},
): Promise<readonly Problem[]> {
  using folder = projectFolder({
    'adjuster.ts': adjusterSource,
    'desk.ts': desk,
    'carabiner.yaml': `host: { ${stanza} }
connectors: { ${connectors}, http-worker: http-worker }
http-worker:
${workers}`,
  })
  const options = { env: {}, builtInFolder, validator: new Validator() }
  const loaded = await loadAssembly(folder.file('carabiner.yaml'), options)
  return loaded.kind === 'invalid' ? loaded.problems : []
}

/** One worker with these lines, and an event and a URL unless a line says otherwise. */
function worker(...lines: readonly string[]): string {
  const given = (key: string): boolean => lines.some((line) => line.startsWith(`${key}:`))
  const all = [
    ...lines,
    ...(given('event') ? [] : ['event: adjust']),
    ...(given('url') ? [] : ['url: https://worker.example.com/adjust']),
  ]
  return all.map((line, index) => `${index === 0 ? '  - ' : '    '}${line}\n`).join('')
}

describe('a worker in the assembly', () => {
  for (const lines of [
    [],
    ['name: resizer', 'mode: async', 'callback_timeout: 30d', 'request_timeout: 1.5s'],
    ['mode: sync', 'headers: { x-team: platform }', 'secret: [one, two]'],
    ['retry: false'],
    ['retry: { max_tries: 3, base: 1s }'],
    ['event: startup', 'mode: sync'],
  ]) {
    it(`may say ${lines.join('; ') || 'nothing else'}`, async () => {
      assert.deepEqual(await problemsOf(worker(...lines)), [])
    })
  }

  const at = 'http-worker[0]'
  const bad: readonly (readonly [lines: readonly string[], path: string, message: RegExp])[] = [
    [['event: ajust'], `${at}.event`, /unknown event `ajust`; did you mean `adjust`\?/],
    [['event: before:adjust'], `${at}.event`, /unknown event/],
    [['url: ftp://example.com/x'], `${at}.url`, /not http or https/],
    [['url: example.com'], `${at}.url`, /not a URL/],
    [['url: https://user:pass@example.com/'], `${at}.url`, /user name or password/],
    [['headers: { X-Awa-Signature: x }'], `${at}.headers.X-Awa-Signature`, /set by the host/],
    [['headers: { content-type: x }'], `${at}.headers.content-type`, /set by the host/],
    [['headers: { webhook-id: x }'], `${at}.headers.webhook-id`, /set by the host/],
    [['headers: { x-y: a, X-Y: b }'], `${at}.headers.X-Y`, /stands twice/],
    [['headers: { x-y: "a\\r\\nb" }'], `${at}.headers.x-y`, /no header may/],
    [['mode: later'], `${at}.mode`, /./],
    [['retry: fast'], `${at}.retry`, /./],
    [['retry: { schedule: [1s], base: 2s }'], `${at}.retry.schedule`, /different things/],
    [['retry: { retry_on: all }'], `${at}.retry.retry_on`, /is for deliveries/],
    [['secret: whsec_short'], `${at}.secret`, /./],
    [['callback_timeout: 31d'], `${at}.callback_timeout`, /at most 30d/],
    [['mode: sync', 'callback_timeout: 1h'], `${at}.callback_timeout`, /is given no callback/],
    [['event: startup'], `${at}.event`, /`startup` cannot wait for a callback/],
    [['name: "a b"'], `${at}.name`, /./],
    [['timeout: 1s'], `${at}.timeout`, /unknown key/],
  ]
  for (const [lines, path, message] of bad) {
    it(`may not say ${lines.join('; ')}`, async () => {
      const problems = await problemsOf(worker(...lines))

      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
        JSON.stringify(problems),
      )
      assert.match(problems[0]?.message ?? '', message)
    })
  }

  const missing: readonly (readonly [Surroundings, RegExp])[] = [
    [{ connectors: 'adjuster: ./adjuster.ts' }, /no connector of this assembly serves callbacks/],
    [{ stanza: `${publicUrl}, store: "memory:"` }, /ends with its process on the memory: store/],
    [{ stanza: 'name: a' }, /no URL as long as `host.server.public_url` is not set/],
  ]
  for (const [host, message] of missing) {
    it(`needs a host where not: ${message.source}; a sync one does not`, async () => {
      const [problem, ...others] = await problemsOf(worker('mode: async'), host)

      assert.deepEqual([problem?.path, problem?.line, others], [`${at}.mode`, 4, []])
      assert.match(problem?.message ?? '', message)
      assert.deepEqual(await problemsOf(worker('mode: sync'), host), [])
    })
  }

  it('has a name of its own, also when the name is made from its event', async () => {
    const [made] = await problemsOf(worker('mode: sync') + worker('mode: async'))
    const [given] = await problemsOf(worker('name: a') + worker('name: a', 'url: http://x/'))

    assert.match(made?.message ?? '', /`adjust@worker.example.com` already/)
    assert.equal(given?.path, 'http-worker[1].name')
  })

  it('is given by `carabiner generate` as a stanza that loads', async () => {
    assert.deepEqual(await problemsOf((httpWorker.example ?? '').replaceAll(/^/gm, '  ')), [])
  })

  it('is found by its stanza alone', async () => {
    using folder = projectFolder({
      'carabiner.yaml':
        'http-worker: [{ event: check, url: "https://worker.example.com/", mode: sync }]\n',
    })
    const options = { env: {}, builtInFolder, validator: new Validator() }

    const loaded = await loadAssembly(folder.file('carabiner.yaml'), options)

    assert.equal(loaded.kind, 'valid', JSON.stringify(loaded))
  })
})
