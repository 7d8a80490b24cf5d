import {
  type Context,
  context as contexts,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { maskUrls } from './assembly/credentials.ts'
import type { AttemptOutcome } from './delivery/attempt-outcome.ts'
import type { AttemptSpan, DeliverySpan, DeliveryTracer } from './delivery/delivery-tracer.ts'
import type { Reply } from './delivery/sender.ts'
import { spanIdOf, traceHex } from './delivery/trace-context.ts'
import { wireIdOf } from './delivery/wire-id.ts'
import type { ClaimedDelivery, Settlement } from './store/store.ts'

/**
 * Spans of deliveries and attempts through the OpenTelemetry API; `undefined` when no SDK has been registered, so that nothing is paid for.
 *
 * A delivery's span has the trace id of what caused it (`X-Trace-Id`, as 32 hex digits), its attempts are its children, and each attempt's `traceparent` goes to
 * the receiver. Attribute names follow OpenTelemetry's semantic conventions for HTTP clients and messaging (1.37) where they have one.
 *
 * @param version - of carabiner, told as the version of the instrumentation
 */
export function deliveryTracer(version: string): DeliveryTracer | undefined {
  if (!isRecorded()) return undefined
  const tracer = trace.getTracer('carabiner', version)
  return { begin: (delivery, endpoint) => beginDelivery(tracer, delivery, endpoint) }
}

function isRecorded(): boolean {
  const provider = trace.getTracerProvider()
  if (!(provider instanceof ProxyTracerProvider)) return true
  return provider.getDelegateTracer('carabiner') !== undefined
}

function beginDelivery(
  tracer: Tracer,
  delivery: ClaimedDelivery,
  { label, definition }: Parameters<DeliveryTracer['begin']>[1],
): DeliverySpan {
  const { message, redeliveryOf } = delivery
  // A tenant's has the URL in it, whose query may hold a secret.
  const endpoint = maskUrls(delivery.endpoint)
  const span = tracer.startSpan(
    `deliver ${maskUrls(label)}`,
    {
      kind: SpanKind.PRODUCER,
      // The first time it counts from acceptance; a retry from when it was due.
      startTime: delivery.attempts === 0 ? delivery.createdAt : delivery.dueAt,
      attributes: {
        'messaging.operation.type': 'send',
        'messaging.destination.name': endpoint,
        'messaging.message.id': wireIdOf(delivery, definition),
        'messaging.message.body.size': message.body.byteLength,
        'carabiner.delivery.id': delivery.id,
        'carabiner.message.id': message.id,
        'carabiner.message.type': message.type,
        'carabiner.trace_id': message.traceId,
        ...(redeliveryOf !== null && { 'carabiner.redelivery_of': redeliveryOf }),
      },
    },
    causeOf(message.traceId),
  )
  const below = trace.setSpan(contexts.active(), span)
  return {
    attempt: (facts) => beginAttempt(tracer, below, facts),
    end: (settlement) => endDelivery(span, settlement),
    abandon() {
      span.setAttribute('carabiner.delivery.state', 'given-back')
      span.end()
    },
  }
}

/** The span above, which nobody here has seen: its id is made of the trace id, so that all deliveries of a trace have the same. */
function causeOf(traceId: string): Context {
  const spanContext = {
    traceId: traceHex(traceId),
    spanId: spanIdOf(traceId),
    traceFlags: TraceFlags.SAMPLED,
    isRemote: true,
  }
  return trace.setSpanContext(ROOT_CONTEXT, spanContext)
}

function beginAttempt(
  tracer: Tracer,
  delivery: Context,
  { number, url, startedAt }: Parameters<DeliverySpan['attempt']>[0],
): AttemptSpan {
  const span = tracer.startSpan(
    'POST',
    {
      kind: SpanKind.CLIENT,
      startTime: startedAt,
      attributes: {
        'http.request.method': 'POST',
        // Without the query: it may hold a secret.
        'url.full': `${url.origin}${url.pathname}`,
        'server.address': url.hostname,
        'server.port': Number(url.port) || (url.protocol === 'https:' ? 443 : 80),
        'carabiner.attempt': number,
        ...(number > 1 && { 'http.request.resend_count': number - 1 }),
      },
    },
    delivery,
  )
  const { traceId, spanId, traceFlags } = span.spanContext()
  const flags = traceFlags.toString(16).padStart(2, '0')
  return {
    traceparent: `00-${traceId}-${spanId}-${flags}`,
    end: (reply, outcome) => endAttempt(span, reply, outcome),
  }
}

function endAttempt(span: Span, reply: Reply, outcome: AttemptOutcome): void {
  const head = reply.kind === 'reply' ? reply : reply.head
  if (head !== undefined) span.setAttribute('http.response.status_code', head.status)
  if (outcome.kind !== 'delivered') {
    const errorType = reply.kind === 'no-reply' ? reply.error : String(reply.status)
    span.setAttribute('error.type', errorType)
    span.setStatus({ code: SpanStatusCode.ERROR, message: outcome.reason })
  }
  span.end()
}

function endDelivery(span: Span, { next, at }: Pick<Settlement, 'next' | 'at'>): void {
  span.setAttribute('carabiner.delivery.state', next.kind)
  if (next.kind === 'pending') {
    span.addEvent('retry', { 'carabiner.due_at': new Date(next.dueAt).toISOString() }, at)
  }
  if (next.kind === 'cancelled') {
    span.addEvent('cancelled', { 'carabiner.reason': next.reason }, at)
  }
  if (next.kind === 'dead') {
    span.setStatus({ code: SpanStatusCode.ERROR, message: next.reason })
  }
  span.end(at)
}
