import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Outcome } from '../../../../src/bus/outcome.ts'
import { verifyCallback } from '../../../../src/callbacks/callback-signature.ts'
import { eventually } from '../../../helpers/engine.ts'
import { runHost } from '../../../helpers/host-process.ts'
import {
  type Answer,
  type ReceivedRequest,
  type Receiver,
  receiver,
} from '../../../helpers/receiver.ts'
import { adjusterSource, projectFolder } from '../../../helpers/start-host.ts'
import {
  type ApprovalsHost,
  answerAt,
  approvalsYaml,
  callAt,
  callbackSecret,
  dispatchAt,
  startApprovals,
} from '../../webhooks/approvals-host.ts'

const names = ['resize', 'flaky', 'short', 'measure', 'both'] as const
type Name = (typeof names)[number]

/** Events that only workers do, with results that have a width. */
const jobs = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const params = Type.Object({ image: Type.String() })
const result = Type.Object({ width: Type.Number() })

export default defineConnector({
  name: 'jobs',
  events: ${JSON.stringify(names)}.map((name) => defineEvent(name, { params, result })),
  setup() {},
})
`

const workers = (url: string): string => `http-worker:
  - { event: resize, url: "${url}/resize", headers: { x-team: platform }, retry: false }
  - { event: flaky, url: "${url}/flaky", retry: { base: 10ms, max_tries: 3 } }
  - { event: short, url: "${url}/short", callback_timeout: 200ms }
  - { event: measure, url: "${url}/measure", mode: sync, retry: { base: 10ms, max_tries: 2 } }
  - { event: both, url: "${url}/both", name: first }
  - { event: both, url: "${url}/both", name: second }
`

const params = { image: 'a.png' }

interface JobBody {
  readonly job_id: string
  readonly attempt: number
  readonly callback_id: string
  readonly callback_url: string
}

function bodyOf(request: ReceivedRequest | undefined): JobBody {
  return JSON.parse(request?.text ?? '')
}

describe('an HTTP worker', () => {
  let endpoint: Receiver
  let host: ApprovalsHost
  /** What the endpoint answers next, by path; then 202. */
  const replies = new Map<string, (number | Answer)[]>()

  before(async () => {
    endpoint = await receiver({
      answers: [({ path }) => replies.get(path)?.shift() ?? 202],
    })
    host = await startApprovals(workers(endpoint.url), {
      connectors: 'jobs: ./jobs.ts, ',
      files: { 'jobs.ts': jobs },
    })
  })
  after(async () => {
    await host[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
  })

  interface Posted {
    readonly outcome: Promise<Outcome>
    readonly requests: readonly ReceivedRequest[]
    readonly job: JobBody
  }

  /** Dispatches, and waits for so many requests of the job. */
  async function posted(
    event: Name,
    { answers = [], count = 1 }: { answers?: (number | Answer)[]; count?: number } = {},
  ): Promise<Posted> {
    const path = `/${event}`
    const before = endpoint.received.length
    const own = (): readonly ReceivedRequest[] =>
      endpoint.received.slice(before).filter((each) => each.path === path)
    replies.set(path, answers)
    const outcome = host.project.host.dispatch(event, params)
    await eventually(() => own().length >= count)
    return { outcome, requests: own(), job: bodyOf(own().at(-1)) }
  }

  it('gets a job with the callback for its result, whose payload is the result', async () => {
    const { outcome, requests, job } = await posted('resize')
    const [request] = requests

    const answered = await host.answer(job.callback_id, 'complete', { payload: { width: 640 } })

    assert.equal(answered.status, 200)
    assert.partialDeepStrictEqual(await outcome, {
      kind: 'completed',
      results: [{ connector: 'http-worker', value: { width: 640 } }],
    })
    assert.deepEqual(job, {
      job_id: job.job_id,
      kind: 'resize',
      args: params,
      attempt: 1,
      max_attempts: 1,
      callback_id: job.callback_id,
      callback_url: `https://hooks.example.com/api/callbacks/${job.callback_id}/complete`,
    })
    const signature = request?.headers['x-awa-signature'] ?? ''
    assert.ok(verifyCallback(job.callback_id, signature, callbackSecret))
    assert.equal(request?.headers['x-team'], 'platform')
    assert.equal(request?.headers['content-type'], 'application/json')
    assert.equal(request?.headers['webhook-signature'], undefined)
  })

  it('parks the dispatch with a 2xx: 202 over HTTP, and the connector is waited for', async () => {
    const asked = await dispatchAt(host.project.url, 'resize', params)
    const place = asked.headers.get('location') ?? ''
    const waiting = await host.call(place)
    const job = bodyOf(endpoint.received.findLast(({ path }) => path === '/resize'))
    await host.answer(job.callback_id, 'complete', { payload: { width: 1 } })
    await eventually(async () => (await host.call(place)).text.includes('"done"'))
    const done = await host.call(place)

    assert.equal(asked.status, 202)
    assert.partialDeepStrictEqual(asked.json['data'], {
      kind: 'parked',
      waitingFor: [{ by: 'http-worker', callbackId: job.callback_id }],
    })
    assert.partialDeepStrictEqual(waiting.json['data'], { state: 'parked', params })
    assert.partialDeepStrictEqual(done.json['data'], {
      kind: 'completed',
      results: [{ connector: 'http-worker', value: { width: 1 } }],
    })
  })

  it('gets the same job again after a 5xx', async () => {
    const { outcome, requests, job } = await posted('flaky', { answers: [500, 503], count: 3 })
    await host.answer(job.callback_id, 'complete', { payload: { width: 2 } })

    assert.equal((await outcome).kind, 'completed')
    const bodies = requests.map(bodyOf)
    assert.deepEqual(
      bodies.map(({ attempt }) => attempt),
      [1, 2, 3],
    )
    for (const key of ['job_id', 'callback_id', 'callback_url'] as const)
      assert.equal(new Set(bodies.map((body) => body[key])).size, 1)
  })

  it('fails the event when it refuses, or is busy too often: its callback is gone then', async () => {
    for (const [event, answers, message] of [
      ['resize', [422], /answered 422 Unprocessable Entity/],
      ['flaky', [503, 503, 503], /answered 503 Service Unavailable; gave up after 3 tries/],
    ] as const) {
      const { outcome } = await posted(event, { answers: [...answers], count: answers.length })

      const failed = await outcome
      assert.partialDeepStrictEqual(failed, {
        kind: 'failed',
        phase: 'on',
        failures: [{ connector: 'http-worker', code: 'HANDLER_FAILED' }],
      })
      assert.match(failed.kind === 'failed' ? (failed.failures[0]?.message ?? '') : '', message)
      const { callback_id: id } = bodyOf(endpoint.received.at(-1))
      assert.equal((await host.answer(id, 'complete', {})).status, 404)
    }
  })

  it('may fail a job, and may give a result that is none', async () => {
    const failed = await posted('resize')
    await host.answer(failed.job.callback_id, 'fail', { error: 'no such image' })
    const wrong = await posted('resize')
    await host.answer(wrong.job.callback_id, 'complete', { payload: { width: 'wide' } })

    assert.partialDeepStrictEqual(await failed.outcome, {
      kind: 'failed',
      failures: [{ connector: 'http-worker', code: 'CALLBACK_FAILED' }],
    })
    assert.partialDeepStrictEqual(await wrong.outcome, {
      kind: 'failed',
      failures: [{ connector: 'http-worker', code: 'RESULT_INVALID' }],
    })
  })

  it('is not waited for beyond its time', async () => {
    const { outcome } = await posted('short')

    assert.partialDeepStrictEqual(await outcome, {
      kind: 'failed',
      phase: 'on',
      failures: [{ connector: 'http-worker', code: 'CALLBACK_EXPIRED' }],
    })
  })

  it('replies with the result when it is sync', async () => {
    const body = '{"width":3}'

    const { outcome, requests } = await posted('measure', { answers: [503, { body }], count: 2 })

    assert.partialDeepStrictEqual(await outcome, {
      kind: 'completed',
      results: [{ connector: 'http-worker', value: { width: 3 } }],
    })
    const keys = Object.keys(JSON.parse(requests[0]?.text ?? ''))
    assert.deepEqual(keys, ['job_id', 'kind', 'args', 'attempt', 'max_attempts'])
    assert.equal(requests[0]?.headers['x-awa-signature'], undefined)
  })

  it('has its reply validated when it is sync', async () => {
    const codes: unknown[] = []
    for (const body of ['{"width":"wide"}', 'wide', '']) {
      const { outcome } = await posted('measure', { answers: [{ body }] })
      const failed = await outcome
      codes.push(failed.kind === 'failed' ? failed.failures[0]?.code : failed.kind)
    }

    assert.deepEqual(codes, ['RESULT_INVALID', 'HANDLER_FAILED', 'RESULT_INVALID'])
  })

  it('does its part beside another worker of the same event, one after the other', async () => {
    const { outcome, job } = await posted('both')
    await host.answer(job.callback_id, 'complete', { payload: { width: 1 } })
    await eventually(() => {
      const last = endpoint.received.findLast(({ path }) => path === '/both')
      return bodyOf(last).callback_id !== job.callback_id
    })
    const second = bodyOf(endpoint.received.findLast(({ path }) => path === '/both'))
    await host.answer(second.callback_id, 'complete', { payload: { width: 2 } })

    assert.partialDeepStrictEqual(await outcome, {
      kind: 'completed',
      results: [{ value: { width: 1 } }, { value: { width: 2 } }],
    })
  })

  it('that nobody can connect to is tried again, and then fails the event', async () => {
    await using gone = await receiver()
    const url = gone.url
    await gone[Symbol.asyncDispose]()
    await using lonely = await startApprovals(
      `http-worker: [{ event: adjust, url: "${url}", retry: { base: 5ms, max_tries: 2 } }]`,
    )

    const outcome = await lonely.project.host.dispatch('adjust', { component: 'web', amount: 1 })

    assert.equal(outcome.kind, 'failed')
    const message = outcome.kind === 'failed' ? outcome.failures[0]?.message : ''
    assert.match(message ?? '', /gave up after 2 tries/)
  })
})

describe('a host that is restarted while a job is out', () => {
  it('finds its result when it is back', async () => {
    await using endpoint = await receiver({ answers: [202] })
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      'jobs.ts': jobs,
      'carabiner.yaml': approvalsYaml(workers(endpoint.url), 'jobs: ./jobs.ts, '),
    })
    let place: string
    {
      await using stopped = await runHost(folder)
      const asked = await dispatchAt(stopped.url, 'resize', params)
      assert.equal(asked.status, 202)
      place = asked.headers.get('location') ?? ''
      stopped.child.kill('SIGTERM')
      assert.equal(await stopped.exit(), 0)
    }

    await using next = await runHost(folder)
    const { callback_id: id } = bodyOf(endpoint.received[0])
    const answered = await answerAt(next.url, id, 'complete', { payload: { width: 9 } })
    await eventually(async () => (await callAt(next.url, place)).text.includes('"done"'))

    const { json } = await callAt(next.url, place)
    assert.equal(answered.status, 200)
    assert.partialDeepStrictEqual(json['data'], {
      kind: 'completed',
      results: [{ connector: 'http-worker', value: { width: 9 } }],
    })
    assert.equal(endpoint.received.length, 1)
  })
})
