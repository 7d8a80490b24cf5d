import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadAssembly } from '../../../src/assembly/load-assembly.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { builtInFolder, projectFolder, startProject } from '../../helpers/start-host.ts'
import { yamlOf } from './ingress-host.ts'

const acme = "{ provider: acme, secret: another-one, callback_url: 'http://127.0.0.1:9/' }"

describe('the stanza of ingress', { timeout: 60_000 }, () => {
  it('has one integration of each provider', async () => {
    assert.deepEqual(await problems({ integrations: [acme] }), [
      'there is an integration of `acme` already',
    ])
  })

  it('sends events to http and https alone, without credentials', async () => {
    for (const [callback, message] of [
      ['acme', 'not a URL'],
      ['ftp://example.com/', '`ftp:` is not http or https'],
      ['https://me:and-my-secret@example.com/', 'a URL with user name or password'],
    ] as const) {
      assert.deepEqual(await problems({ callback }), [message])
    }
  })

  it('has retries that do not contradict themselves, its own and those of integrations', async () => {
    const retry = 'retry: { schedule: [1s], base: 2s }'
    const message = '`schedule` and `base` or `factor` say different things'
    assert.deepEqual(await problems({ stanza: retry }), [message])
    assert.deepEqual(await problems({ acme: retry }), [message])
  })

  it('knows no other words', async () => {
    assert.equal((await problems({ stanza: 'veto: later' })).length, 1)
    assert.equal((await problems({ stanza: 'callback: x' })).length, 1)
    assert.equal((await problems({ acme: 'timeout: 0s' })).length, 1)
  })

  it('warns of what is taken unverified, and has a check for it', async () => {
    const orders =
      "{ provider: orders, verify: none, normalize: { type: /kind }, callback_url: 'http://127.0.0.1:9/' }"
    await using project = await startProject(yamlOf({ integrations: [orders] }), {
      logLevel: 'info',
    })

    const [check] = await project.host.check({ ids: ['ingress.verified'] })

    const warning = project.logged.find((line) => line.includes('are taken unverified'))
    assert.match(warning ?? '', /"provider":"orders"/)
    assert.equal(check?.status, 'failed')
  })
})

async function problems(options: Parameters<typeof yamlOf>[0]): Promise<readonly string[]> {
  using folder = projectFolder({ 'carabiner.yaml': yamlOf(options) })
  const validator = new Validator({ allErrors: true })
  const loaded = await loadAssembly(folder.file('carabiner.yaml'), {
    env: {},
    builtInFolder,
    validator,
  })
  return loaded.kind === 'invalid' ? loaded.problems.map(({ message }) => message) : []
}
