import type { openStore } from 'carabiner'
import { CallbackBook } from 'carabiner/callbacks'

/** Asks for approvals, and learns what became of them. Several programs may do so on one store. */
export class Approvals {
  readonly #book: CallbackBook

  constructor(store: Awaited<ReturnType<typeof openStore>>) {
    this.#book = new CallbackBook(store)
  }

  /** The id of a callback that waits for an hour, and longer with each heartbeat. Stored when it resolves: now it can be given away. */
  async ask(order: string): Promise<string> {
    const hour = 3_600_000
    const { id } = await this.#book.create({
      waiter: 'approvals',
      timeoutMs: hour,
      meta: { order },
    })
    return id
  }

  /** To be called every few seconds. Each answer is given to one caller, once. */
  async collect(): Promise<readonly Verdict[]> {
    await this.#book.expireDue(500)
    const verdicts: Verdict[] = []
    for (const { id } of await this.#book.answered('approvals', 100)) {
      const answer = await this.#book.take(id)
      if (answer === undefined) continue // another program was faster
      const { meta, resolvedBy, error } = answer
      switch (resolvedBy) {
        case 'complete':
          verdicts.push({ meta, approved: true, reason: null })
          break
        case 'fail':
        case 'expiry': // the error is `callback timed out`
          verdicts.push({ meta, approved: false, reason: error })
      }
    }
    return verdicts
  }
}

export interface Verdict {
  meta: unknown
  approved: boolean
  reason: string | null
}
