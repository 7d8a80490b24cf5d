import {
  type CallbackResolution,
  type Callbacks,
  CarabinerError,
  type HandlerContext,
  type HandlerOptions,
  messageOf,
  newId,
  type OpenCallback,
  type OutboundMessage,
  type Questions,
  type RegisteredEndpoint,
  type Scope,
} from 'carabiner'
import { judgeAnswer } from './answer.ts'
import { type Asked, type AskingParts, askUntilDecided, type Question } from './asking.ts'
import type { DecisionRecord, Made } from './decision-record.ts'
import { beforeRequest, type Stamp } from './request.ts'
import { longestMs } from './retry.ts'
import { tellHealth } from './tell-health.ts'
import { type Verdict, verdictOf } from './verdict.ts'
import type { Webhook } from './webhook.ts'

/** What asking before events needs of the host. */
export type BeforeScope = Pick<Scope, 'before' | 'deliveries' | 'clock' | 'log' | 'signal'> & {
  readonly callbacks: Pick<Callbacks, 'open'> & {
    readonly book: Pick<Callbacks['book'], 'withdraw'>
  }
}

/** What askers work with. */
export interface BeforeParts {
  readonly record: DecisionRecord
  /** Of the webhook. */
  readonly endpoint: Pick<RegisteredEndpoint, 'questions'>
  /** At least 0, below 1. @defaultValue Math.random */
  readonly random?: () => number
}

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
  parts: BeforeParts,
): AsyncDisposable {
  const asker = new Asker(scope, webhook, parts)
  for (const event of webhook.before) {
    scope.before(event.name, (context) => asker.handle(context), {
      ...handlerOptions(webhook),
      ...(webhook.decision.expiresMs !== undefined && {
        resolved: (context, resolution) => asker.resolve(context, resolution),
      }),
    })
  }
  return asker
}

function handlerOptions({ name, index, when, decision }: Webhook): HandlerOptions {
  const { mode, onFailure, retry, timeoutMs, sideEffects, expiresMs } = decision
  return {
    name,
    sideEffects: sideEffects && mode !== 'off',
    ...(when !== undefined && { when }),
    describe: {
      kind: 'webhook',
      timeoutMs: longestMs(retry, timeoutMs),
      onFailure,
      mode,
      decision: expiresMs === undefined ? 'reply' : 'callback',
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
  /** `undefined`: it is never asked. */
  readonly #questions: Questions | undefined
  /** Questions and rows that go on when their handler has returned. */
  readonly #unfinished = new Set<Promise<void>>()

  constructor(scope: BeforeScope, webhook: Webhook, parts: BeforeParts) {
    const { record, endpoint, random = Math.random } = parts
    this.#scope = scope
    this.#webhook = webhook
    this.#record = record
    this.#parts = { deliveries: scope.deliveries, clock: scope.clock, random }
    this.#questions = isAsked(webhook) ? endpoint.questions() : undefined
  }

  async handle(context: HandlerContext): Promise<OpenCallback | undefined> {
    switch (this.#webhook.decision.mode) {
      case 'off':
        return undefined
      case 'shadow':
        this.#shadow(context)
        return undefined
      case 'warn':
      case 'enforce':
        return this.#decide(context)
    }
  }

  /** Goes by what came of a callback that a question was left to, perhaps in another process. */
  async resolve(context: HandlerContext, resolution: CallbackResolution): Promise<void> {
    if (this.#webhook.decision.mode === 'off') return
    const { callbackId: callback } = resolution
    const question = await this.#record.parked(context.dispatchId, callback)
    const asked = { ...question, decision: judgeAnswer(resolution), isOverdue: false }
    const verdict = verdictOf(asked, this.#webhook)
    await this.#follow(context, verdict, { asked, callback, by: 'callback' })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#unfinished)
  }

  /** @returns the callback that the decision is left to */
  async #decide(context: HandlerContext): Promise<OpenCallback | undefined> {
    const stamp = this.#stamp()
    const { expiresMs } = this.#webhook.decision
    const opened = expiresMs === undefined ? undefined : await this.#open(stamp, expiresMs)
    const asked = await this.#ask(context, stamp, opened)
    const verdict = verdictOf(asked, this.#webhook)
    const made = { asked, callback: opened?.id ?? null, by: 'reply' } as const
    if (opened === undefined || !(await this.#isLeftTo(opened, verdict))) {
      await this.#follow(context, verdict, made)
      return undefined
    }
    if (verdict.outcome === 'allowed') for (const each of verdict.warnings) context.warn(each)
    await this.#record.made(this.#webhook, context, { ...made, outcome: 'parked' })
    return opened
  }

  /**
   * Whether the callback decides: that is what an ALLOW means. Nobody waits for it after anything else; but where an ERROR would let the event pass,
   * an answer that has come already is not passed over.
   */
  async #isLeftTo({ id }: OpenCallback, verdict: Verdict): Promise<boolean> {
    if (verdict.outcome === 'allowed') return true
    // With the event, its callbacks are withdrawn; a veto does not wait for the store.
    if (this.#cancels(verdict)) return false
    const isWithdrawn = await this.#scope.callbacks.book.withdraw(id)
    return verdict.kind === 'allow' && !isWithdrawn
  }

  /** Does what the webhook's mode says. Resolves when the row is stored. */
  async #follow(
    context: HandlerContext,
    verdict: Verdict,
    made: Omit<Made, 'outcome'>,
  ): Promise<void> {
    const { outcome } = verdict
    const recorded = this.#record.made(this.#webhook, context, { ...made, outcome })
    const isEnforced = this.#webhook.decision.mode === 'enforce'
    const warnings = isEnforced ? verdict.warnings : warningsOf(verdict, this.#webhook)
    for (const warning of warnings) context.warn(warning)
    if (verdict.kind === 'cancel' && isEnforced) {
      // A veto does not wait for the store, and holds without it.
      this.#finishLater(recorded)
      context.cancel(verdict.reason, verdict.details)
    }
    await recorded
  }

  #cancels({ kind }: Verdict): boolean {
    return kind === 'cancel' && this.#webhook.decision.mode === 'enforce'
  }

  #shadow(context: HandlerContext): void {
    if (this.#unfinished.size >= mostShadows) {
      this.#record.notAsked(this.#webhook)
      return
    }
    // The dispatch goes on without it, so neither its deadline nor its end are this question's.
    const limits = { budgetMs: Number.POSITIVE_INFINITY, signal: this.#scope.signal }
    const question = this.#question(context, this.#stamp(), limits)
    const answered = askUntilDecided(question, this.#parts).then((asked) => {
      const isDecided = wasDecided(asked, question)
      if (isDecided) this.#tellHealth(asked)
      const outcome = isDecided ? verdictOf(asked, this.#webhook).outcome : 'undecided'
      const made = { asked, outcome, callback: null, by: 'reply' } as const
      return this.#record.made(this.#webhook, context, made)
    })
    this.#finishLater(answered)
  }

  /** Stored before the request leaves: who answers sooner than our own request returns is heard. @throws {CarabinerError} CALLBACKS_OFF, STORE_UNAVAILABLE */
  #open({ id: webhookId }: Stamp, expiresMs: number): Promise<OpenCallback> {
    const meta = { webhook: this.#webhook.id, webhookId }
    return this.#scope.callbacks.open({ timeout: expiresMs / 1_000, meta })
  }

  /** @throws {CarabinerError} DEADLINE_EXCEEDED, or the signal's reason: the event was over before there was a decision */
  async #ask(context: HandlerContext, stamp: Stamp, opened?: OpenCallback): Promise<Asked> {
    const { clock } = this.#scope
    const { signal, deadline } = context
    const limits = { budgetMs: deadline - clock.now(), signal }
    const question = this.#question(context, stamp, limits, opened)
    const asked = await askUntilDecided(question, this.#parts)
    const { decision, isOverdue } = asked
    const late = isOverdue || (decision.kind === 'error' && clock.now() >= deadline)
    const isDecided = wasDecided(asked, question)
    // Given up before its time, it shows nothing.
    if (isDecided || deadline - clock.now() < 1) this.#tellHealth(asked)
    if (!late && isDecided) return asked

    const made = { asked, callback: opened?.id ?? null, by: 'reply' } as const
    this.#finishLater(this.#record.made(this.#webhook, context, { ...made, outcome: 'undecided' }))
    if (late) throw tooLate(this.#webhook)
    throw signal.reason
  }

  #tellHealth(asked: Asked): void {
    if (this.#questions !== undefined) tellHealth(this.#questions, asked)
  }

  #stamp(): Stamp {
    return { id: newId(), createdAt: this.#scope.clock.now() }
  }

  #question(
    context: HandlerContext,
    stamp: Stamp,
    limits: Pick<Question, 'budgetMs' | 'signal'>,
    opened?: OpenCallback,
  ): Question {
    const { id, form, decision } = this.#webhook
    const request = beforeRequest(context, stamp, form, opened)
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
    return { message, endpoint: id, settings: decision, ...limits }
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

function isAsked({ before, decision }: Webhook): boolean {
  return before.length > 0 && decision.mode !== 'off'
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
