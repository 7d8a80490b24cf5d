import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import { newMessageId } from '../ids.ts'
import { circuitSignalOf } from './attempt-outcome.ts'
import type { AskOptions, CircuitOpen, OutboundMessage } from './deliveries.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { NoReply, NoReplyCause, Reply, Sender } from './sender.ts'

export interface AskParts {
  readonly clock: Clock
  readonly log: Logger
  readonly registry: EndpointRegistry
  readonly sender: () => Promise<Sender>
  /** Bytes of a body that are sent. */
  readonly bodyLimit: number
}

const circuitOpen: CircuitOpen = { kind: 'circuit-open' }

/**
 * One signed request that somebody waits for, through the endpoint's queue, ahead of its deliveries.
 *
 * All of it, the wait for a free slot included, takes at most `timeoutMs`.
 */
export async function ask(
  parts: AskParts,
  endpoint: string,
  message: OutboundMessage,
  options: AskOptions,
): Promise<Reply | CircuitOpen> {
  const startedAt = parts.clock.monotonic()
  const queue = parts.registry.get(endpoint)
  if (queue === undefined) return noReply('connect', `there is no endpoint \`${endpoint}\``, 0)
  if (queue.refusal !== undefined) return noReply('egress', queue.refusal, 0)
  const { byteLength } = message.body
  if (byteLength > parts.bodyLimit) {
    const text = `the question has ${byteLength} bytes, the limit is ${parts.bodyLimit} (host.deliveries.body_limit)`
    return noReply('over-limit', text, 0)
  }
  if (queue.circuitAdmission(parts.clock.now()).kind === 'circuit-open') return circuitOpen

  const slot = waitForSlot(parts.clock, options)
  try {
    await queue.requests.turn(slot.signal)
    return await askNow(parts, queue, message, { ...options, startedAt, slot }).finally(() =>
      queue.requests.leave(),
    )
  } catch (error) {
    const waitedMs = parts.clock.monotonic() - startedAt
    if (options.signal?.aborted === true)
      return noReply('aborted', 'given up while queued', waitedMs)
    if (slot.signal.aborted) {
      return noReply('timeout', `no free slot within ${options.timeoutMs} ms`, waitedMs)
    }
    parts.log.error({ err: error, endpoint }, 'the request could not be made')
    return noReply('protocol', `the request could not be made: ${messageOf(error)}`, waitedMs)
  } finally {
    slot.taken()
  }
}

/** The wait for a place in the queue, which ends with the deadline. */
interface Slot {
  readonly signal: AbortSignal
  /** From here on the request's own deadline holds. */
  taken(): void
}

interface SlotOptions extends AskOptions {
  /** Monotonic milliseconds. */
  readonly startedAt: number
  readonly slot: Slot
}

async function askNow(
  { clock, registry, sender }: AskParts,
  queue: EndpointQueue,
  message: OutboundMessage,
  options: SlotOptions,
): Promise<Reply | CircuitOpen> {
  const now = clock.now()
  const admission = queue.circuitAdmission(now)
  if (admission.kind === 'circuit-open') return circuitOpen
  if (admission.kind === 'probe' && !(await registry.takeProbe(queue))) return circuitOpen

  const client = await sender()
  // The probe and the client may have come too late: whoever asked has gone.
  if (options.slot.signal.aborted) {
    registry.record(queue, 'neutral', undefined)
    throw options.slot.signal.reason
  }
  options.slot.taken()
  const queuedMs = clock.monotonic() - options.startedAt
  const reply = await client.send({
    url: queue.url,
    tls: queue.definition.tls,
    egress: queue.definition.egress,
    headers: queue.headers.of({
      // The caller's id, or a new one: a message that is asked is known by it alone.
      id: message.id ?? newMessageId(),
      message: { ...message, headers: message.headers ?? {} },
      attempt: options.attempt,
      redeliveryOf: null,
      now,
    }),
    body: message.body,
    timeoutMs: Math.max(1, options.timeoutMs - queuedMs),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    replyLimit: options.replyLimit ?? queue.definition.replyLimit,
  })

  const { circuitBreaker } = queue.definition
  const signal = circuitSignalOf(reply, circuitBreaker !== false && circuitBreaker.count5xx)
  registry.record(queue, signal, signal === 'failure' ? errorOf(reply) : undefined)
  return reply
}

/** Ends the wait in the queue in time; once the slot is taken, the request's own deadline holds. */
function waitForSlot(clock: Clock, { timeoutMs, signal }: AskOptions): Slot {
  const controller = new AbortController()
  const giveUp = (): void => controller.abort()
  const timer = clock.after(timeoutMs, giveUp)
  if (signal?.aborted === true) giveUp()
  signal?.addEventListener('abort', giveUp, { once: true })
  return {
    signal: controller.signal,
    taken() {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', giveUp)
    },
  }
}

function noReply(error: NoReplyCause, message: string, totalMs: number): NoReply {
  return { kind: 'no-reply', error, message, timings: { totalMs } }
}

function errorOf(reply: Reply): string {
  return reply.kind === 'reply' ? `${reply.status} ${reply.statusText}`.trimEnd() : reply.message
}
