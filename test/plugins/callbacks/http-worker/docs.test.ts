import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { createWorker } from '../../../../docs/examples/http-worker.ts'
import { HttpWorkerConfig } from '../../../../plugins/callbacks/http-worker/config.ts'
import { jobBody } from '../../../../plugins/callbacks/http-worker/job.ts'
import { signCallback } from '../../../../src/callbacks/callback-signature.ts'
import { blocksOf, readPage } from '../../../helpers/code-blocks.ts'
import { freePort } from '../../../helpers/free-port.ts'
import { listen } from '../../../helpers/receiver.ts'
import { startProject } from '../../../helpers/start-host.ts'

const page = 'docs/http-worker.md'
const secret = '07'.repeat(32)

function unexpected(error: unknown): never {
  throw error
}

describe(page, () => {
  it('shows a worker that does what its assembly hands out', async () => {
    const [code] = blocksOf(page, 'ts')
    const source = new URL('../../../../docs/examples/http-worker.ts', import.meta.url)
    assert.equal(code?.text, readFileSync(source, 'utf8'))
    const worker = createWorker(
      secret,
      async (args) => {
        const { amount } = Object(args)
        if (amount > 100) throw new RangeError('too much')
        return { applied: amount }
      },
      unexpected,
    )
    await using _worker = worker
    const workerPort = await listen(worker, 0, '127.0.0.1')
    const port = await freePort()
    const [yaml] = blocksOf(page, 'yaml')
    await using project = await startProject(yaml?.text ?? '', {
      listen: true,
      env: {
        PORT: String(port),
        PUBLIC_URL: `http://127.0.0.1:${port}`,
        CALLBACK_SECRET: secret,
        WORKER_URL: `http://127.0.0.1:${workerPort}`,
      },
    })

    const done = await project.host.dispatch('adjust', { component: 'web', amount: 7 })
    const failed = await project.host.dispatch('adjust', { component: 'web', amount: 101 })

    assert.partialDeepStrictEqual(done, {
      kind: 'completed',
      results: [{ connector: 'adjuster' }, { connector: 'http-worker', value: { applied: 7 } }],
    })
    assert.partialDeepStrictEqual(failed, {
      kind: 'failed',
      failures: [{ connector: 'http-worker', code: 'CALLBACK_FAILED' }],
    })
    assert.match(JSON.stringify(failed), /too much/)
  })

  it('shows a worker that takes jobs of ours only', async () => {
    const errors: unknown[] = []
    await using worker = createWorker(secret, unexpected, (error) => errors.push(error))
    const url = `http://127.0.0.1:${await listen(worker, 0, '127.0.0.1')}`
    const id = '550e8400-e29b-41d4-a716-446655440000'
    const post = (signature: string, body: string): Promise<Response> =>
      fetch(url, { method: 'POST', headers: { 'x-awa-signature': signature }, body })

    const stranger = await post(
      signCallback(id, 'ab'.repeat(32)),
      JSON.stringify({ callback_id: id, callback_url: url, args: {} }),
    )
    const garbage = await post('', 'no JSON')

    assert.deepEqual([stranger.status, garbage.status, errors.length], [401, 400, 1])
  })

  it('shows the body of a job', () => {
    const [shown] = blocksOf(page, 'json')
    const body = JSON.parse(shown?.text ?? '')
    const job = {
      ...{ id: body.job_id, kind: body.kind, args: body.args, maxAttempts: body.max_attempts },
      callback: {
        ...{ id: body.callback_id, url: body.callback_url },
        ...{ signature: null, expiresAt: 0 },
      },
    }

    assert.deepEqual(JSON.parse(new TextDecoder().decode(jobBody(job, body.attempt))), body)
  })

  it('explains every setting', () => {
    const { items } = HttpWorkerConfig as { items?: { properties?: object } } // it is an array of objects
    const keys = Object.keys(items?.properties ?? {})

    assert.ok(keys.length > 8)
    assert.deepEqual(
      keys.filter((key) => !readPage(page).includes(`| \`${key}\` `)),
      [],
    )
  })
})
