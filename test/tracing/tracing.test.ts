import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, it } from 'node:test'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { systemClock } from '../../src/clock.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { deliveryTracer } from '../../src/tracing.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'

const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
const quickly = { maxTries: 2, scheduleMs: [1], jitter: 'none' } as const

describe('without a registered SDK', () => {
  it('nothing is recorded, and nothing is made', () => {
    assert.equal(deliveryTracer('0.0.0'), undefined)
  })
})

describe('with a registered SDK', () => {
  const exporter = new InMemorySpanExporter()

  before(() => {
    const provider = new BasicTracerProvider({
      spanProcessors: [new SimpleSpanProcessor(exporter)],
    })
    assert.ok(trace.setGlobalTracerProvider(provider))
  })
  after(() => trace.disable())
  beforeEach(() => exporter.reset())

  it('a delivery is a span from its acceptance on, its attempt a child whose context the receiver gets', async () => {
    await using run = await deliver([204])
    const [request] = await run.requests(1)
    const { delivery, attempts } = await spans(1)
    const [attempt] = attempts

    assert.ok(delivery && attempt)
    assert.equal(delivery.name, 'deliver webhooks/audit')
    assert.equal(delivery.kind, SpanKind.PRODUCER)
    assert.equal(delivery.spanContext().traceId, run.traceId)
    assert.equal(delivery.attributes['messaging.message.id'], request?.headers['webhook-id'])
    assert.equal(delivery.attributes['carabiner.delivery.state'], 'delivered')
    assert.equal(delivery.status.code, SpanStatusCode.UNSET)
    assert.equal(attempt.kind, SpanKind.CLIENT)
    assert.equal(attempt.parentSpanContext?.spanId, delivery.spanContext().spanId)
    assert.equal(attempt.attributes['http.response.status_code'], 204)
    assert.equal(attempt.attributes['carabiner.attempt'], 1)
    const { traceId, spanId } = attempt.spanContext()
    assert.equal(request?.headers['traceparent'], `00-${traceId}-${spanId}-01`)
  })

  it('what is tried again is a span a time, in one trace; the last says how it ended', async () => {
    await using run = await deliver([503, 400])
    await run.requests(2)
    const { deliveries, attempts } = await spans(2)

    assert.deepEqual(
      deliveries.map(({ attributes }) => attributes['carabiner.delivery.state']),
      ['pending', 'dead'],
    )
    const ids = new Set(deliveries.map(({ attributes }) => attributes['carabiner.delivery.id']))
    assert.equal(ids.size, 1)
    assert.equal(new Set(deliveries.map((span) => span.spanContext().traceId)).size, 1)
    assert.equal(deliveries[1]?.status.code, SpanStatusCode.ERROR)
    assert.match(String(deliveries[1]?.status.message), /^400 Bad Request/)
    assert.deepEqual(
      attempts.map(({ attributes }) => [
        attributes['http.response.status_code'],
        attributes['http.request.resend_count'],
        attributes['error.type'],
      ]),
      [
        [503, undefined, '503'],
        [400, 1, '400'],
      ],
    )
  })

  it('spans of many endpoints have one name, as their metrics have', async () => {
    await using run = await deliver([204], { id: 'subscriptions/a-4711', label: 'subscriptions' })
    await run.requests(1)
    const { delivery } = await spans(1)

    assert.equal(delivery?.name, 'deliver subscriptions')
    assert.equal(delivery.attributes['messaging.destination.name'], 'subscriptions/a-4711')
  })

  it('the query of a URL is not recorded, where an endpoint is known by it neither', async () => {
    const id = 'tenant/acme/suite/* https://hooks.example.com/?token=s3cr3t'
    await using run = await deliver([204], { path: '/hook?token=s3cr3t', id })
    await run.requests(1)
    const { delivery, attempts } = await spans(1)

    const recorded = JSON.stringify([delivery?.name, delivery?.attributes, attempts[0]?.attributes])
    assert.match(recorded, /\/hook"/)
    assert.match(recorded, /deliver tenant\/acme\/suite/)
    assert.doesNotMatch(recorded, /s3cr3t/)
  })

  it('a redelivery says what it repeats', async () => {
    await using run = await deliver([400, 204])
    await run.redeliver()
    const { deliveries } = await spans(2)

    const [first, again] = deliveries.map(({ attributes }) => attributes)
    assert.equal(first?.['carabiner.redelivery_of'], undefined)
    assert.equal(again?.['carabiner.redelivery_of'], first?.['carabiner.delivery.id'])
    assert.equal(again?.['messaging.message.id'], first?.['messaging.message.id'])
  })

  it('of an endpoint that knows deliveries by their own ids has the id the receiver sees, a redelivery too', async () => {
    await using run = await deliver([400, 204], { identity: 'delivery' })
    await run.redeliver()
    const requests = await run.requests(2)
    const { deliveries } = await spans(2)

    const seen = requests.map(({ headers }) => headers['webhook-id'])
    const recorded = deliveries.map(({ attributes }) => attributes['messaging.message.id'])
    assert.deepEqual(recorded, seen)
    const [first, again] = deliveries.map(({ attributes }) => attributes)
    assert.equal(first?.['messaging.message.id'], first?.['carabiner.delivery.id'])
    assert.equal(again?.['messaging.message.id'], first?.['carabiner.delivery.id'])
    assert.notEqual(first?.['carabiner.message.id'], first?.['messaging.message.id'])
    assert.equal(first?.['carabiner.message.id'], again?.['carabiner.message.id'])
  })

  it('a request that is given up when the host stops ends its spans', async () => {
    const run = await deliver([() => new Promise<number>(() => {})])
    await eventually(() => run.received.length === 1)
    await run[Symbol.asyncDispose]()
    const { delivery, attempts } = await spans(1)

    assert.equal(delivery?.attributes['carabiner.delivery.state'], 'given-back')
    assert.equal(attempts[0]?.attributes['error.type'], 'aborted')
  })

  async function spans(count: number): Promise<{
    readonly delivery: ReadableSpan | undefined
    readonly deliveries: readonly ReadableSpan[]
    readonly attempts: readonly ReadableSpan[]
  }> {
    const ended = (): readonly ReadableSpan[] => exporter.getFinishedSpans()
    await eventually(async () => ended().length === count * 2)
    const deliveries = ended().filter(({ kind }) => kind === SpanKind.PRODUCER)
    const attempts = ended().filter(({ kind }) => kind === SpanKind.CLIENT)
    return { delivery: deliveries[0], deliveries, attempts }
  }
})

type Answers = NonNullable<Parameters<typeof receiver>[0]>['answers']

interface Run extends AsyncDisposable {
  readonly traceId: string
  readonly requests: Receiver['requests']
  readonly received: Receiver['received']
  /** Sends what was given up again. */
  redeliver(): Promise<void>
}

/** One message on its way to a receiver that answers like this. */
async function deliver(
  answers: NonNullable<Answers>,
  {
    path = '/hook',
    id = anEndpoint().id,
    label = id,
    identity = 'message',
  }: {
    readonly path?: string
    readonly id?: string
    readonly label?: string
    readonly identity?: 'message' | 'delivery'
  } = {},
): Promise<Run> {
  await using stack = new AsyncDisposableStack()
  const opened = stack.use(await openTestStore('sqlite'))
  const sender = stack.use(createUndiciSender({ egress, clock: systemClock }))
  const to = stack.use(await receiver({ answers }))
  const recorder = deliveryTracer('0.0.0')
  assert.ok(recorder)
  const { engine } = stack.use(
    startEngine({
      store: opened.store,
      sender,
      trace: recorder,
      endpoints: [
        anEndpoint({
          id,
          metricsLabel: label,
          identity,
          url: `${to.url}${path}`,
          retry: { ...standard(), ...quickly },
        }),
      ],
    }),
  )
  const traceId = '0123456789abcdef0123456789abcdef'
  await engine.send([anOutboundMessage({ traceId, to: [{ endpoint: id }] })])
  assert.equal((await allDeliveries(opened.store)).length, 1)
  const kept = stack.move()
  return {
    traceId,
    requests: (count) => to.requests(count),
    received: to.received,
    async redeliver() {
      await eventually(async () => (await allDeliveries(opened.store))[0]?.state === 'dead')
      const [first] = await allDeliveries(opened.store)
      assert.ok(first)
      await engine.redeliveries.one(first.id, { actor: 'test' })
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

function standard(): ReturnType<typeof anEndpoint>['retry'] {
  return { ...anEndpoint().retry, retryOn: 'transient' }
}
