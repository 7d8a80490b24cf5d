import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { example } from '../../../plugins/callbacks/example.ts'
import { loadAssembly } from '../../../src/assembly/load-assembly.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { builtInFolder, projectFolder } from '../../helpers/start-host.ts'
import { otherSecret, secret, yamlOf } from './callbacks-host.ts'

const signed = `secret: "${secret}"`

describe('the stanza of callbacks', () => {
  it('says who may answer: by a secret, or unsigned in so many words', async () => {
    assert.deepEqual(await problems('sweep: 5s'), ['a callback signing secret is required'])
    assert.deepEqual(await problems('allow_unsigned: false'), [
      'a callback signing secret is required',
    ])
    assert.deepEqual(await problems(`${signed}\nallow_unsigned: true`), [
      'secret and allow_unsigned are mutually exclusive',
    ])
    assert.deepEqual(await problems('allow_unsigned: true\nsignatures: [standard]'), [
      'signatures need a secret',
    ])
    assert.deepEqual(await problems('allow_unsigned: true'), [])
  })

  it('takes secrets of 64 hex digits, in either case, and shows none that is wrong', async () => {
    const message = 'not 32 bytes as hex digits'
    for (const wrong of [secret.slice(1), `${secret}0`, `g${secret.slice(1)}`, 'a secret']) {
      const [found, ...more] = await problems(`secret: "${wrong}"`)
      assert.deepEqual([found, more], [message, []])
    }
    assert.deepEqual(await problems(`secret: ["${secret}", short]`), [message])
    assert.deepEqual(
      await problems(`secret: ["${secret.toUpperCase()}", "${otherSecret.toUpperCase()}"]`),
      [],
    )
  })

  it('takes prefixes that are paths, blank ones too, and none of the API', async () => {
    for (const prefix of ['/hooks', 'hooks/', '/a/b/c', '', '/', '/v1.0/x', '/v10', '/api']) {
      assert.deepEqual(await problems(`${signed}\npath_prefix: "${prefix}"`), [], prefix)
    }
    for (const prefix of ['/a b', '/a?b', '/a#b', '/:id', '/a//b', '/%41', '/..', 'é']) {
      const [found] = await problems(`${signed}\npath_prefix: "${prefix}"`)
      assert.match(found ?? '', /is not a path of plain segments/, prefix)
    }
    for (const prefix of ['/v1', '/v1/hooks', '/api/v1', 'api/v1/callbacks/']) {
      const [found] = await problems(`${signed}\npath_prefix: "${prefix}"`)
      assert.match(found ?? '', /are those of the API/, prefix)
    }
  })

  it('knows no other words', async () => {
    for (const wrong of ['sweep: 0s', 'signatures: [awa]', 'prefix: /x', 'sweep: often']) {
      assert.equal((await problems(`${signed}\n${wrong}`)).length, 1, wrong)
    }
  })

  it('refuses a public URL of which none of a callback can be made', async () => {
    for (const url of ['https://example.com/?a=b', 'https://example.com/#top']) {
      const [found] = await problems(signed, url)
      assert.match(found ?? '', /public_url/, url)
    }
    assert.deepEqual(await problems(signed, 'https://example.com/base/'), [])
  })

  it('is what `generate` writes', async () => {
    assert.deepEqual(await problems(example.replace(/\$\{\w+\}/, `"${secret}"`)), [])
  })
})

async function problems(stanza: string, url = 'https://hooks.example.com') {
  const yaml = yamlOf({ stanza }).replace('https://hooks.example.com', url)
  using folder = projectFolder({ 'carabiner.yaml': yaml })
  const file = folder.file('carabiner.yaml')
  const loaded = await loadAssembly(file, { env: {}, builtInFolder, validator: new Validator() })
  return loaded.kind === 'valid' ? [] : loaded.problems.map(({ message }) => message)
}
