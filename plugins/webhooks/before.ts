import {
  CarabinerError,
  type HandlerContext,
  type HandlerOptions,
  messageOf,
  newId,
  type OutboundMessage,
  type Scope,
} from 'carabiner'
import { type Asked, type AskingParts, askUntilDecided, type Question } from './asking.ts'
import type { DecisionRecord } from './decision-record.ts'
import { beforeRequest } from './request.ts'
import { longestMs } from './retry.ts'
import { type Verdict, verdictOf } from './verdict.ts'
import type { Webhook } from './webhook.ts'

/** What asking before events needs of the host. */
export type BeforeScope = Pick<Scope, 'before' | 'deliveries' | 'clock' | 'log' | 'signal'>

/** Shadow questions of one webhook that may wait for their answers; more are counted, not asked. */
const mostShadows = 1_000

/**
 * Has a webhook asked before each of its events.
 *
 * @returns waits, when it is disposed, for the questions nobody waited for and the rows of decisions made
 */
export function askBefore(
  scope: BeforeScope,
  webhook: Webhook,
  record: DecisionRecord,
  random: () => number = Math.random,
): AsyncDisposable {
  const asker = new Asker(scope, webhook, record, random)
  for (const event of webhook.before) {
    scope.before(event.name, (context) => asker.handle(context), handlerOptions(webhook))
  }
  return asker
}

function handlerOptions({ name, index, when, decision }: Webhook): HandlerOptions {
  const { mode, onFailure, retry, timeoutMs, sideEffects } = decision
  return {
    name,
    sideEffects: sideEffects && mode !== 'off',
    ...(when !== undefined && { when }),
    describe: {
      kind: 'webhook',
      timeoutMs: longestMs(retry, timeoutMs),
      onFailure,
      mode,
      path: [index],
    },
  }
}

/** Asks one webhook, and does what its mode says with the answer. */
class Asker implements AsyncDisposable {
  readonly #scope: BeforeScope
  readonly #webhook: Webhook
  readonly #record: DecisionRecord
  readonly #parts: AskingParts
  /** Questions and rows that go on when their handler has returned. */
  readonly #unfinished = new Set<Promise<void>>()

  constructor(scope: BeforeScope, webhook: Webhook, record: DecisionRecord, random: () => number) {
    this.#scope = scope
    this.#webhook = webhook
    this.#record = record
    this.#parts = { deliveries: scope.deliveries, clock: scope.clock, random }
  }

  async handle(context: HandlerContext): Promise<void> {
    switch (this.#webhook.decision.mode) {
      case 'off':
        return
      case 'shadow':
        return this.#shadow(context)
      case 'warn':
        return this.#warn(context)
      case 'enforce':
        return this.#enforce(context)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#unfinished)
  }

  async #enforce(context: HandlerContext): Promise<void> {
    const asked = await this.#ask(context)
    const verdict = verdictOf(asked, this.#webhook)
    const recorded = this.#record.made(this.#webhook, context, asked, verdict.outcome)
    for (const warning of verdict.warnings) context.warn(warning)
    if (verdict.kind === 'cancel') {
      // A veto does not wait for the store, and holds without it.
      this.#finishLater(recorded)
      context.cancel(verdict.reason, verdict.details)
    }
    await recorded
  }

  async #warn(context: HandlerContext): Promise<void> {
    const asked = await this.#ask(context)
    const verdict = verdictOf(asked, this.#webhook)
    const recorded = this.#record.made(this.#webhook, context, asked, verdict.outcome)
    for (const warning of warningsOf(verdict, this.#webhook)) context.warn(warning)
    await recorded
  }

  #shadow(context: HandlerContext): void {
    if (this.#unfinished.size >= mostShadows) {
      this.#record.notAsked(this.#webhook)
      return
    }
    // The dispatch goes on without it, so neither its deadline nor its end are this question's.
    const question = this.#question(context, Number.POSITIVE_INFINITY, this.#scope.signal)
    const answered = askUntilDecided(question, this.#parts).then((asked) => {
      const outcome = wasDecided(asked, question)
        ? verdictOf(asked, this.#webhook).outcome
        : 'undecided'
      return this.#record.made(this.#webhook, context, asked, outcome)
    })
    this.#finishLater(answered)
  }

  /** @throws {CarabinerError} DEADLINE_EXCEEDED, or the signal's reason: the event was over before there was a decision */
  async #ask(context: HandlerContext): Promise<Asked> {
    const { clock } = this.#scope
    const question = this.#question(context, context.deadline - clock.now(), context.signal)
    const asked = await askUntilDecided(question, this.#parts)
    const { decision, isOverdue } = asked
    const late = isOverdue || (decision.kind === 'error' && clock.now() >= context.deadline)
    if (!late && wasDecided(asked, question)) return asked

    this.#finishLater(this.#record.made(this.#webhook, context, asked, 'undecided'))
    if (late) throw tooLate(this.#webhook)
    throw context.signal.reason
  }

  #question(context: HandlerContext, budgetMs: number, signal: AbortSignal): Question {
    const { id, form, decision } = this.#webhook
    const stamp = { id: newId(), createdAt: this.#scope.clock.now() }
    const request = beforeRequest(context, stamp, form)
    const message: OutboundMessage = {
      id: stamp.id,
      origin: 'webhook',
      type: request.hook,
      contentType: request.contentType,
      body: request.body,
      headers: { 'x-servo-event': request.hook },
      traceId: context.traceId,
      depth: context.depth + 1,
      to: [{ endpoint: id }],
    }
    return { message, endpoint: id, settings: decision, budgetMs, signal }
  }

  #finishLater(work: Promise<void>): void {
    const finished = work
      .catch((error: unknown) => {
        const fields = { webhook: this.#webhook.id, error: messageOf(error) }
        this.#scope.log.error(fields, 'a decision is missing in the audit trail')
      })
      .finally(() => this.#unfinished.delete(finished))
    this.#unfinished.add(finished)
  }
}

/** An error that came after the signal says nothing about the endpoint. */
function wasDecided({ decision }: Asked, { signal }: Question): boolean {
  return decision.kind !== 'error' || !signal.aborted
}

function warningsOf(verdict: Verdict, { id }: Webhook): readonly string[] {
  if (verdict.kind === 'allow') return verdict.warnings
  return [...verdict.warnings, `${id} would have cancelled: ${verdict.reason}`]
}

function tooLate({ id }: Webhook): CarabinerError {
  return new CarabinerError(
    'DEADLINE_EXCEEDED',
    `the event's deadline came before a decision from ${id}`,
  )
}
