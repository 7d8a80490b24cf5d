import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { carabiner, carabinerJson } from '../../helpers/cli.ts'
import { eventually } from '../../helpers/engine.ts'
import { freePort } from '../../helpers/free-port.ts'
import { runHost } from '../../helpers/host-process.ts'
import { receiver } from '../../helpers/receiver.ts'
import { projectFolder } from '../../helpers/start-host.ts'

const about = 'anna@example.com'

/** What acme says of a customer. */
function order(eventId: string, subject: string): string {
  const data = { customer: subject }
  const occurredAt = '2026-01-05T09:30:00Z'
  return JSON.stringify({ eventId, eventType: 'order.created', occurredAt, subject, data })
}

describe('an erasure from the command line, beside a host that runs', { timeout: 60_000 }, () => {
  it('takes what an event said out of everything that can be asked, and the audit trail is sound', async () => {
    await using to = await receiver()
    using folder = projectFolder({
      'carabiner.yaml': `host: { store: "sqlite:./store.db", server: { port: ${await freePort()} } }
connectors: [ingress]
ingress:
  integrations: [{ provider: acme, secret: a-secret-of-acme-alone, callback_url: '${to.url}' }]
`,
    })
    await using _host = await runHost(folder)
    const { path: cwd } = folder
    const ask = async (...args: string[]) => {
      const { code, json, err } = await carabinerJson(args, { cwd })
      assert.equal(code, 0, err)
      return json
    }
    const found = async (subject: string) => ask('ingress', 'events', '--subject', subject)
    const send = async (body: string) => {
      const sent = Object(await ask('ingress', 'send', 'acme', body))
      return String(sent.body.data.eventId)
    }
    const id = await send(order('evt-1', about))
    const other = await send(order('evt-2', 'bert@example.com'))
    for (const each of [id, other]) {
      const isProcessed = async () =>
        Object(await ask('ingress', 'show', each)).event.status === 'processed'
      await eventually(isProcessed)
    }
    const said = async () => {
      const asked = [
        await ask('ingress', 'show', id),
        await ask('ingress', 'events'),
        await ask('deliveries', 'show', id),
        await ask('deliveries', 'list'),
        await ask('audit', 'list', '--event', id),
      ]
      return JSON.stringify(asked)
    }
    assert.partialDeepStrictEqual(await found('ANNA@'), [{ id }])
    assert.ok((await said()).includes(about), 'looked for where it cannot be')

    const refused = await carabiner(['deliveries', 'erase', '--message', id], { cwd })
    const erased = await ask('deliveries', 'erase', '--message', id, '--yes')

    assert.equal(refused.code, 2, 'nobody was there to ask')
    assert.partialDeepStrictEqual(erased, { messages: 1 })
    assert.deepEqual(await found('ANNA@'), [])
    assert.ok(!(await said()).includes(about))
    assert.partialDeepStrictEqual(await found('bert@'), [{ id: other }])
    const shown = await ask('ingress', 'show', id)
    assert.partialDeepStrictEqual(shown, { event: { subject: null, normalizedPayload: null } })
    assert.partialDeepStrictEqual(await ask('audit', 'list', '--action', 'message.erased'), [
      { entityId: id, actor: 'cli', details: { messages: 1 } },
    ])
    const verified = await carabiner(['audit', 'verify'], { cwd })
    assert.equal(verified.code, 0, verified.out + verified.err)
  })
})
