import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { WebhooksConfig } from '../../../plugins/webhooks/config.ts'
import { judge } from '../../../plugins/webhooks/decision.ts'
import { exampleOf } from '../../../plugins/webhooks/example-value.ts'
import { bodySchema } from '../../../plugins/webhooks/request.ts'
import { loadAssembly } from '../../../src/assembly/load-assembly.ts'
import { defineEvent } from '../../../src/bus/event.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { makeCertificate } from '../../helpers/certificate.ts'
import { eventually } from '../../helpers/engine.ts'
import { freePort } from '../../helpers/free-port.ts'
import { receiver } from '../../helpers/receiver.ts'
import {
  adjusterSource,
  builtInFolder,
  projectFolder,
  startProject,
} from '../../helpers/start-host.ts'
import { commandsIn, openTerminal } from '../subscriptions/docs-page.ts'
import { handedOutAt } from './approvals-host.ts'
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

  it('shows what a request hands out', () => {
    const [callback = ''] = blocks('decisions.md', 'json')
    const schema = bodySchema('before', defineEvent('adjust'), 'all')
    const body = { ...Object(exampleOf(schema)), callback: JSON.parse(callback) }

    assert.deepEqual(new Validator().compile(schema)(body), [])
    assert.deepEqual(Object.keys(body.callback), ['id', 'url', 'signature', 'expires_at'])
  })

  it('approves and refuses with the commands it shows', async () => {
    const [yaml = ''] = blocks('decisions.md', 'yaml')
    const port = await freePort()
    await using approvals = await receiver({ answers: [202] })
    const env = {
      PORT: String(port),
      PUBLIC_URL: `http://127.0.0.1:${port}`,
      MANAGEMENT_KEY: 'a-key-of-the-operators',
      CALLBACK_SECRET: '07'.repeat(32),
      APPROVAL_URL: `${approvals.url}/adjust`,
    }
    await using project = await startProject(yaml, { listen: true, env })
    const terminal = openTerminal(project.folder.path)
    const [dispatch, approve, look, refuse] = commandsIn(read('decisions.md')).map(
      ({ script }) => script,
    )
    assert.ok(dispatch && approve && look && refuse)

    const ends: string[] = []
    for (const answer of [approve, refuse]) {
      const asked = await terminal.run(dispatch, env)
      const [, dispatchId = ''] = /\/dispatches\/([\da-f-]+)/.exec(asked) ?? []
      const { url, signature } = handedOutAt(approvals, '/adjust')
      const given = { DISPATCH_ID: dispatchId, CALLBACK_URL: url, SIGNATURE: signature }
      const answered = await terminal.run(answer, given)
      await eventually(async () => (await terminal.run(look)).includes('"state":"done"'))
      assert.match(asked, /^HTTP\/1\.1 202/)
      assert.match(answered, /\n200$/)
      ends.push(await terminal.run(look))
    }

    assert.match(ends[0] ?? '', /"kind":"completed"/)
    assert.match(ends[1] ?? '', /"kind":"cancelled".*"reason":"the budget is spent"/)
  })
})
