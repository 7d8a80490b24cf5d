import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { WebhooksConfig } from '../../../plugins/webhooks/config.ts'
import { judge } from '../../../plugins/webhooks/decision.ts'
import { bodySchema } from '../../../plugins/webhooks/request.ts'
import { loadAssembly } from '../../../src/assembly/load-assembly.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { makeCertificate } from '../../helpers/certificate.ts'
import { adjusterSource, builtInFolder, projectFolder } from '../../helpers/start-host.ts'
import { aReply } from './replies.ts'

const read = (name: string): string =>
  readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')

function blocks(page: string, language: string): readonly string[] {
  const fence = new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs')
  return [...read(page).matchAll(fence)].map(([, text = '']) => text)
}

describe('docs/webhooks.md', () => {
  it('shows assemblies that load', async () => {
    const assemblies = blocks('webhooks.md', 'yaml')
    assert.ok(assemblies.length > 0)

    const { cert, key } = makeCertificate()
    for (const yaml of assemblies) {
      using folder = projectFolder({
        'adjuster.ts': adjusterSource,
        'certificates/client.pem': cert,
        'certificates/client-key.pem': key,
        'certificates/bank-ca.pem': cert,
        'carabiner.yaml': yaml,
      })
      const options = { env: {}, builtInFolder, validator: new Validator() }
      const loaded = await loadAssembly(folder.file('carabiner.yaml'), options)
      assert.equal(loaded.kind, 'valid', JSON.stringify(loaded))
    }
  })

  it('shows bodies that match their schema', async () => {
    using folder = projectFolder({ 'adjuster.ts': adjusterSource })
    const { adjust } = await import(folder.file('adjuster.ts'))
    const [before = '', after = ''] = blocks('webhooks.md', 'json')
    const validator = new Validator()

    assert.deepEqual(validator.compile(bodySchema('before', adjust))(JSON.parse(before)), [])
    assert.deepEqual(validator.compile(bodySchema('after', adjust))(JSON.parse(after)), [])
  })

  it('explains every setting', () => {
    const page = read('webhooks.md')
    const { items } = WebhooksConfig as { items?: { properties?: object } } // it is an array of objects
    const keys = Object.keys(items?.properties ?? {})

    assert.ok(keys.length > 15)
    assert.deepEqual(
      keys.filter((key) => !page.includes(`| \`${key}\` `)),
      [],
    )
  })
})

describe('docs/decisions.md', () => {
  it('shows a reply that cancels', () => {
    const [reply = ''] = blocks('decisions.md', 'http')
    const [head = '', body = ''] = reply.split('\n\n')
    const type = /^Content-Type: (.+)$/m.exec(head)?.[1] ?? ''

    assert.equal(judge(aReply({ status: 200, type, body })).kind, 'cancel')
  })
})
