import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CallbackAction } from '../../../src/callbacks/callback.ts'
import { type ReceivedRequest, type Receiver, receiver } from '../../helpers/receiver.ts'
import { request } from '../../helpers/served-host.ts'

/** What whoever decides or works does about an event. `ignore`: nothing at all. */
export const intents = ['approve', 'approve', 'extend', 'refuse', 'cancel'] as const
export type Intent = (typeof intents)[number] | 'ignore'

interface Handed {
  readonly id: string
  readonly url: string
  readonly signature: string
  readonly intent: Intent
}

/** The outside system: is asked for decisions and given work, and answers callbacks when it likes, signed, until it is heard. */
export class Outside implements AsyncDisposable {
  readonly #hostUrl: () => string
  readonly #answering = new Set<Promise<void>>()
  readonly #receiver: Receiver
  /** Dispatches it was asked about, and what it decided. */
  readonly dispatches = new Map<string, Intent>()
  /** Callbacks it was handed. */
  readonly callbacks = new Set<string>()
  /** Answers that were tried again because nobody said that they were heard. */
  triedAgain = 0

  private constructor(to: Receiver, hostUrl: () => string) {
    this.#receiver = to
    this.#hostUrl = hostUrl
  }

  /** @param hostUrl - of a host that may be listening */
  static async open(hostUrl: () => string): Promise<Outside> {
    const to = await receiver({ answers: [(asked) => outside.#take(asked)] })
    const outside: Outside = new Outside(to, hostUrl)
    return outside
  }

  get url(): string {
    return this.#receiver.url
  }

  /** Resolves when everything it was asked is answered. Rejects when something could not be. */
  async answered(): Promise<void> {
    while (this.#answering.size > 0) await Promise.all(this.#answering)
  }

  /** Posts until a host has heard it. Whether what was answered with 202 was decided as it is here, is looked at in the end. */
  async answer(
    { id, url, signature }: Omit<Handed, 'intent'>,
    action: CallbackAction,
    body: object,
  ): Promise<void> {
    const path = new URL(url).pathname.replace(/complete$/, action)
    const init = {
      method: 'POST',
      headers: { 'x-awa-signature': signature },
      body: JSON.stringify(body),
    }
    const giveUpAt = performance.now() + 120_000
    for (;;) {
      const reply = await request(`${this.#hostUrl()}${path}`, init).catch(() => undefined)
      // Not there any more: one that broke off was heard, or the host was killed before it had parked the dispatch.
      if (reply?.status === 200 || reply?.status === 404) return
      assert.ok(reply === undefined || reply.status === 503, `${id}: ${reply?.status}`)
      assert.ok(performance.now() < giveUpAt, `${id} has not been heard for two minutes`)
      this.triedAgain += 1
      await sleep(50)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#receiver[Symbol.asyncDispose]()
  }

  async #take(asked: ReceivedRequest): Promise<number> {
    const handed = this.#handedIn(asked)
    this.callbacks.add(handed.id)
    const answering = this.#decide(handed)
    this.#answering.add(answering)
    answering.then(
      () => this.#answering.delete(answering),
      () => undefined, // `answered` rejects with it
    )
    // Some answer before they say that they will.
    if (Math.random() < 0.1) await answering
    return 202
  }

  #handedIn({ path, text, headers }: ReceivedRequest): Handed {
    const body = JSON.parse(text)
    if (path === '/approve') {
      this.dispatches.set(body.dispatch_id, body.params.intent)
      return { ...body.callback, intent: body.params.intent }
    }
    const signature = headers['x-awa-signature'] ?? ''
    // A build was approved: then it is to be done.
    const intent = body.kind === 'build' ? 'approve' : body.args.intent
    return { id: body.callback_id, url: body.callback_url, signature, intent }
  }

  async #decide(handed: Handed): Promise<void> {
    if (handed.intent === 'ignore') return
    await sleep(Math.random() * 150)
    switch (handed.intent) {
      case 'extend':
        await this.answer(handed, 'heartbeat', { timeout_seconds: 7_200 })
        await sleep(Math.random() * 150)
        return this.answer(handed, 'complete', {})
      case 'approve':
        return this.answer(handed, 'complete', { payload: { by: 'ada' } })
      case 'cancel':
        return this.answer(handed, 'complete', { payload: { cancel: 'not today' } })
      case 'refuse':
        return this.answer(handed, 'fail', { error: 'the budget is spent' })
    }
  }
}
