import {
  CarabinerError,
  type HandlerContext,
  newId,
  type OpenCallback,
  type Questions,
  type Scope,
} from 'carabiner'
import type { Job } from './job.ts'
import { type NotTaken, type Posted, postJob } from './posting.ts'
import { lateReason, tellHealth } from './tell-health.ts'
import type { Worker } from './worker.ts'

/** What handing jobs out needs of the host. */
export type WorkerScope = Pick<Scope, 'on' | 'deliveries' | 'clock' | 'metrics'> & {
  readonly callbacks: Pick<Scope['callbacks'], 'open'> & {
    readonly book: Pick<Scope['callbacks']['book'], 'find' | 'withdraw'>
  }
}

type Outcome = 'parked' | 'completed' | 'failed'

/** Makes workers known, and has each do its event. */
export function handOut(
  scope: WorkerScope,
  workers: readonly Worker[],
  random: () => number = Math.random,
): void {
  const jobs = scope.metrics.counter(
    'worker_jobs_total',
    'Jobs posted to HTTP workers; parked: taken, and answered later',
    ['worker', 'outcome'],
  )
  for (const worker of workers) {
    const questions = scope.deliveries.endpoint(worker.endpoint).questions()
    const foreman = new Foreman(scope, worker, { questions, random })
    const count = (outcome: Outcome): void => jobs.add({ worker: worker.id, outcome })
    const options = { describe: { kind: 'webhook', path: [worker.index] } } as const
    scope.on(worker.event, (context) => counted(foreman.run(context), worker, count), options)
  }
}

async function counted<T>(
  work: Promise<T>,
  { mode }: Worker,
  count: (outcome: Outcome) => void,
): Promise<T> {
  try {
    const result = await work
    count(mode === 'async' ? 'parked' : 'completed')
    return result
  } catch (error) {
    count('failed')
    throw error
  }
}

interface ForemanParts {
  /** Of the worker's endpoint. */
  readonly questions: Questions
  readonly random: () => number
}

/** Hands the jobs of one worker out. */
class Foreman {
  readonly #scope: WorkerScope
  readonly #worker: Worker
  readonly #questions: Questions
  readonly #random: () => number

  constructor(scope: WorkerScope, worker: Worker, { questions, random }: ForemanParts) {
    this.#scope = scope
    this.#worker = worker
    this.#questions = questions
    this.#random = random
  }

  /** @returns the result, or the callback whose payload it will be */
  run(context: HandlerContext): Promise<unknown> {
    switch (this.#worker.mode) {
      case 'sync':
        return this.#await(context)
      case 'async':
        return this.#leave(context)
    }
  }

  async #await(context: HandlerContext): Promise<unknown> {
    const job = this.#job(context, newId(), undefined)
    const posted = await this.#post(job, context)
    if (posted.kind !== 'taken') {
      this.#tellHealth(posted, context)
      throw this.#failure(posted, context)
    }
    const result = this.#resultIn(posted.body)
    this.#questions.answered()
    return result
  }

  async #leave(context: HandlerContext): Promise<OpenCallback> {
    const { callbacks } = this.#scope
    const id = newId()
    const timeout = this.#worker.callbackTimeoutMs / 1_000
    const opened = await callbacks.open({ timeout, meta: { worker: this.#worker.id, jobId: id } })
    const posted = await this.#post(this.#job(context, id, opened), context)
    // Nobody waits for it any more; but what was answered while our requests came to nothing is the result all the same.
    const isHandedOut =
      posted.kind === 'taken' ||
      (!(await callbacks.book.withdraw(opened.id)) && !context.signal.aborted)
    if (isHandedOut) {
      this.#questions.answered()
      return opened
    }
    this.#tellHealth(posted, context)
    throw this.#failure(posted, context)
  }

  #job(context: HandlerContext, id: string, callback: OpenCallback | undefined): Job {
    const { event: kind, params: args } = context
    return { id, kind, args, maxAttempts: this.#worker.retry.maxTries, callback }
  }

  #post(job: Job, context: HandlerContext): Promise<Posted> {
    const { deliveries, clock } = this.#scope
    const isDone = (): Promise<boolean> => this.#isAnswered(job.callback?.id)
    const parts = { deliveries, clock, random: this.#random, isDone }
    return postJob(job, this.#worker, context, parts)
  }

  async #isAnswered(callback: string | undefined): Promise<boolean> {
    if (callback === undefined) return false
    const [found] = await this.#scope.callbacks.book.find([callback])
    return found !== undefined && found.resolvedAt !== null
  }

  #resultIn(body: Uint8Array): unknown {
    if (body.byteLength === 0) return null
    try {
      return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
    } catch (error) {
      const why = 'its reply is no JSON'
      this.#questions.unanswered(why)
      throw this.#error('HANDLER_FAILED', why, { cause: error })
    }
  }

  #tellHealth(posted: NotTaken, { signal, deadline }: HandlerContext): void {
    // Given up before its time, it shows nothing.
    const isKnown = !signal.aborted || deadline - this.#scope.clock.now() < 1
    if (isKnown) tellHealth(this.#questions, posted)
  }

  #failure(posted: NotTaken, { signal }: HandlerContext): unknown {
    switch (posted.kind) {
      case 'failed':
        return this.#error('HANDLER_FAILED', posted.why)
      case 'late':
        if (signal.aborted) return signal.reason
        return this.#error('DEADLINE_EXCEEDED', lateReason)
    }
  }

  #error(
    code: 'HANDLER_FAILED' | 'DEADLINE_EXCEEDED',
    why: string,
    options?: ErrorOptions,
  ): CarabinerError {
    return new CarabinerError(code, `worker \`${this.#worker.id}\`: ${why}`, options)
  }
}
