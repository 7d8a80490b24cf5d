import type { CircuitOpen, CommandContext, CompleteReply, NoReply, Timings } from 'carabiner'
import type { Decision } from '../decision.ts'
import { readBody, shown } from '../reply-body.ts'
import type { WebhookContent } from '../request.ts'
import { hintsFor } from './hints.ts'

/** One request that was sent by hand, and what came back. */
export interface Triggered {
  readonly url: string
  readonly request: WebhookContent & { readonly id: string }
  readonly reply: CompleteReply | NoReply | CircuitOpen
  /** `undefined`: an after hook, where nothing is decided. */
  readonly decision: Decision | undefined
  /** Whether the request hands out a callback that is to decide. */
  readonly handsOutCallback: boolean
}

/** 0: delivered, or allowed; 3: cancelled; 1: anything else. */
export function exitCodeOf({ reply, decision }: Triggered): number {
  switch (decision?.kind) {
    case 'allow':
      return 0
    case 'cancel':
      return 3
    case 'error':
      return 1
    case undefined:
      return isDelivered(reply) ? 0 : 1
  }
}

export function printTriggered(
  context: Pick<CommandContext, 'json' | 'print'>,
  triggered: Triggered,
): void {
  context.print(context.json ? JSON.stringify(asJson(triggered)) : asText(triggered))
}

function isDelivered(reply: Triggered['reply']): boolean {
  return reply.kind === 'reply' && reply.status >= 200 && reply.status < 300
}

function asJson(triggered: Triggered): unknown {
  const { url, request, reply, decision } = triggered
  const complete = reply.kind === 'reply' ? reply : undefined
  const head = headOf(reply)
  return {
    hook: request.hook,
    url,
    webhookId: request.id,
    status: head?.status ?? null,
    error: reply.kind === 'no-reply' ? reply.message : null,
    timings: reply.kind === 'circuit-open' ? null : reply.timings,
    reply: complete && {
      contentType: contentTypeOf(complete),
      body: shown(readBody(complete.body)),
    },
    decision: decision === undefined ? null : asJsonDecision(decision),
    delivered: decision === undefined ? isDelivered(reply) : null,
    hints: hintsOf(triggered),
  }
}

function asJsonDecision(decision: Decision): unknown {
  switch (decision.kind) {
    case 'allow':
      return { kind: 'ALLOW', warnings: decision.warnings }
    case 'cancel':
      return { kind: 'CANCEL', reason: decision.reason ?? null }
    case 'error':
      return { kind: 'ERROR', error: decision.error, why: decision.why, triedAgain: decision.again }
  }
}

function asText(triggered: Triggered): string {
  const { url, request, reply } = triggered
  const lines = [
    `POST ${url}  ${request.hook}  webhook-id ${request.id}`,
    statusLine(reply),
    ...(reply.kind === 'circuit-open' ? [] : [timingsLine(reply.timings)]),
    ...(reply.kind === 'reply' ? bodyLines(reply) : []),
    verdictLine(triggered),
    ...hintsOf(triggered).map((hint) => `hint: ${hint}`),
  ]
  return lines.join('\n')
}

function hintsOf({ request, ...triggered }: Triggered): readonly string[] {
  return hintsFor({ ...triggered, contentType: request.contentType })
}

function statusLine(reply: Triggered['reply']): string {
  switch (reply.kind) {
    case 'reply':
      return `${reply.status} ${reply.statusText}`.trimEnd()
    case 'no-reply':
      return reply.message
    case 'circuit-open':
      return 'the circuit is open'
  }
}

function timingsLine({ totalMs, ...phases }: Timings): string {
  const parts = Object.entries(phases).map(([phase, ms]) => `${words[phase] ?? phase} ${inMs(ms)}`)
  return [`total ${inMs(totalMs)}`, ...parts].join(', ')
}

const words: Readonly<Record<string, string>> = { firstByte: 'first byte' }

function inMs(ms: number): string {
  return `${Math.round(ms * 10) / 10} ms`
}

function bodyLines(reply: CompleteReply): readonly string[] {
  const body = readBody(reply.body)
  const type = contentTypeOf(reply)
  const typeLine = type === null ? [] : [`content-type: ${type}`]
  switch (body.kind) {
    case 'empty':
      return typeLine
    case 'json':
      return [...typeLine, JSON.stringify(body.value, null, 2)]
    case 'text':
      return [...typeLine, body.text]
  }
}

function verdictLine({ reply, decision }: Triggered): string {
  switch (decision?.kind) {
    case undefined:
      return isDelivered(reply) ? 'delivered' : 'not delivered'
    case 'allow':
      return ['decision: ALLOW', ...decision.warnings.map((each) => `warning: ${each}`)].join('\n')
    case 'cancel':
      return `decision: CANCEL, ${decision.reason ?? 'without a readable reason'}`
    case 'error':
      return `decision: ERROR (${decision.error}), ${decision.why}`
  }
}

function headOf(reply: Triggered['reply']): { readonly status: number } | undefined {
  if (reply.kind === 'reply') return reply
  return reply.kind === 'no-reply' ? reply.head : undefined
}

function contentTypeOf({ headers }: CompleteReply): string | null {
  return headers.find(([name]) => name === 'content-type')?.[1] ?? null
}
