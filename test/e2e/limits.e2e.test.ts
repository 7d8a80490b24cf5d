import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type Answer, receiver } from '../helpers/receiver.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'

function yaml(url: string, deliveries: string): string {
  return `
host: { store: 'memory:', deliveries: ${deliveries} }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - { name: told, events: after:adjust, url: ${url}, secret: s3cr3t-s3cr3t, backoff: false }
`
}

describe('host.deliveries', () => {
  it('body_limit: an event that owes a longer body has failed, says the limit, and stores nothing', async () => {
    await using to = await receiver()
    await using project = await startProject(yaml(to.url, '{ body_limit: 2KiB }'))

    const fits = await adjust(project, 'web')
    const tooLong = await adjust(project, 'w'.repeat(2100))

    assert.equal(fits.kind, 'completed')
    assert.equal(tooLong.kind, 'failed')
    assert.equal(tooLong.phase, 'after')
    const { code, message } = tooLong.failures[0] ?? {}
    assert.equal(code, 'DELIVERY_NOT_STORED')
    assert.match(message ?? '', /\b2048\b/)
    assert.equal((await project.host.store.deliveries({})).rows.length, 1)
    await to.requests(1)
  })

  it('kept_reply: no more of a reply is kept with its attempt', async () => {
    await using to = await receiver({ answers: [{ body: 'x'.repeat(100) }] })
    await using project = await startProject(yaml(to.url, '{ kept_reply: 10B }'))

    await adjust(project, 'web')

    assert.equal((await lastAttempt(project)).responseBody?.byteLength, 10)
  })

  for (const [limit, headers, message] of [
    ['reply_header_limit: 1KiB', { 'x-long': 'x'.repeat(1500) }, /larger than 1024 bytes/],
    [
      'reply_header_lines: 12',
      { 'x-many': Array.from({ length: 13 }, String) },
      /more than 12 headers/,
    ],
  ] as const) {
    it(`${limit}: a longer header is no reply, and the attempt says the limit`, async () => {
      await using fitting = await receiver()
      await using to = await receiver({ answers: [{ headers } satisfies Answer] })
      await using fits = await startProject(yaml(fitting.url, `{ ${limit} }`))
      await using project = await startProject(yaml(to.url, `{ ${limit} }`))

      await Promise.all([adjust(fits, 'web'), adjust(project, 'web')])

      assert.equal((await lastAttempt(fits)).status, 200)
      assert.match((await lastAttempt(project)).error ?? '', message)
    })
  }

  it('window: so many are in the hands of the host, the others wait in the store', async () => {
    const { promise: open, resolve } = Promise.withResolvers<number>()
    const arrived = { count: 0, two: Promise.withResolvers<void>() }
    const hold = (): Promise<number> => {
      arrived.count += 1
      if (arrived.count === 2) arrived.two.resolve()
      return open
    }
    await using to = await receiver({ answers: [hold] })
    await using project = await startProject(yaml(to.url, '{ window: 2 }'))

    for (const name of ['a', 'b', 'c', 'd', 'e']) await adjust(project, name)
    await arrived.two.promise
    const { pending, sending } = await project.host.store.backlog()
    resolve(200)

    assert.deepEqual([pending, sending], [3, 2])
    await to.requests(5)
  })

  for (const wrong of [
    '{ window: 0 }',
    '{ body_limit: 0 }',
    '{ kept_reply: no }',
    '{ limit: 1 }',
  ]) {
    it(`refuses ${wrong}`, async () => {
      await assert.rejects(startProject(yaml('http://127.0.0.1:9/', wrong)), /is invalid/)
    })
  }
})

function adjust({ host }: StartedProject, component: string) {
  return host.dispatch('adjust', { component, amount: 1 })
}

/** The one attempt of the one delivery, as soon as it has been made. */
async function lastAttempt({ host: { store } }: StartedProject) {
  for (;;) {
    const { rows } = await store.deliveries({})
    const [row] = rows
    const found = row && (await store.delivery(row.id))
    const attempt = found?.attempts.at(-1)
    if (attempt !== undefined) return attempt
    await new Promise((resolve) => setImmediate(resolve))
  }
}
