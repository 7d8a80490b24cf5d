import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { hintsFor } from '../../../plugins/webhooks/commands/hints.ts'
import { systemClock } from '../../../src/clock.ts'
import type { LookupAll } from '../../../src/delivery/egress/host-lookup.ts'
import { createGotSender } from '../../../src/delivery/senders/got-sender.ts'
import { startNeverAccepting } from '../../helpers/hostile-receiver.ts'
import { startProxy } from '../../helpers/proxy.ts'

describe('the hint of `webhooks trigger` for a connection that was not made', () => {
  it('is the proxy when that hangs, or fails', async () => {
    await using hangs = await startProxy({ answers: '' })
    await using refuses = await startProxy({ answers: 'HTTP/1.1 403 Forbidden\r\n\r\n' })

    for (const { port } of [hangs, refuses]) {
      const hint = await hintAfter('http://hooks.test/', { proxy: `http://127.0.0.1:${port}` })
      assert.equal(hint, '`host.egress.proxy` leads every request there')
    }
  })

  it('is what lies between when nothing comes back, whichever limit is reached first', async () => {
    await using silent = await startNeverAccepting()

    for (const timeoutMs of [100, 5_000]) {
      const hint = await hintAfter(silent.url.href, { timeoutMs })
      assert.match(hint, /^nothing came back, .*firewall, or the proxy/)
    }
  })

  it('is the name when nobody knows it, and the receiver when its port is closed', async () => {
    assert.match(await hintAfter('http://hooks.test/'), /^is the host of the URL spelt right/)
    assert.match(await hintAfter('http://127.0.0.1:9/'), /^does anything listen there/)
  })
})

/** What is hinted at when this request has come to nothing. */
async function hintAfter(
  url: string,
  { proxy = null, timeoutMs = 5_000 }: { proxy?: string | null; timeoutMs?: number } = {},
): Promise<string> {
  await using sender = createGotSender({
    egress: { default: 'trusted', allow: [], http: true, ports: 'any', proxy },
    clock: systemClock,
    lookup: knowsNobody,
    limits: { connectMs: 200 },
  })
  const contentType = 'application/json'
  const reply = await sender.send({
    url: new URL(url),
    headers: { 'content-type': contentType },
    body: Buffer.from('{}'),
    timeoutMs,
    replyLimit: 1_024,
  })
  assert.equal(reply.kind, 'no-reply')
  const exchange = { contentType, reply, decision: undefined, handsOutCallback: false }
  return hintsFor(exchange).join('\n')
}

const knowsNobody: LookupAll = (host, callback) => {
  callback(Object.assign(new TypeError(host), { code: 'ENOTFOUND' }), [])
}
