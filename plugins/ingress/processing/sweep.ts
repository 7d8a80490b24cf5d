import { messageOf } from 'carabiner'
import { type EventStatus, openStatuses } from '../books/event.ts'
import { openReplayStatuses, type ReplayStatus } from '../books/replay-record.ts'
import type { Service } from '../service.ts'
import { reconcileEvent, reconcileReplay } from './reconcile.ts'

const intervalMs = 10_000
/** Events, and replays, that are looked at each time. */
const mostAtOnce = 1_000
/** What has changed since is in hand. */
const restMs = 10_000

/** Looks now and then at what is under way, for what is over without having said so: a part of it each time, from the oldest on. */
export class Sweep implements Disposable {
  readonly #service: Service
  readonly #cursors = new Map<string, number>()
  #next: Disposable
  #isOver = false

  constructor(service: Service) {
    this.#service = service
    this.#next = this.#later()
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#next[Symbol.dispose]()
  }

  /** One round. */
  async run(): Promise<void> {
    for (const status of openStatuses) await this.#events(status)
    for (const status of openReplayStatuses) await this.#replays(status)
  }

  #later(): Disposable {
    return this.#service.scope.clock.after(intervalMs, () => void this.#turn())
  }

  async #turn(): Promise<void> {
    try {
      await this.run()
    } catch (error) {
      this.#service.scope.log.warn({ error: messageOf(error) }, 'open events are looked at later')
    }
    if (!this.#isOver) this.#next = this.#later()
  }

  async #events(status: EventStatus): Promise<void> {
    const { events, scope } = this.#service
    const limit = Math.floor(mostAtOnce / openStatuses.length)
    const from = this.#cursors.get(`events ${status}`) ?? 0
    const page = await events.received(status, from, limit)
    this.#advance(
      `events ${status}`,
      page.map(({ receivedAt }) => receivedAt),
      limit,
    )
    const resting = page.filter((each) => this.#isResting(each))
    if (resting.length === 0) return
    const tallies = await scope.store.tally(resting.map(({ id }) => id))
    for (const [index, { id }] of resting.entries()) {
      const tally = tallies[index]
      if (tally !== undefined && tally.pending + tally.sending > 0) continue
      await reconcileEvent(this.#service, id)
    }
  }

  async #replays(status: ReplayStatus): Promise<void> {
    const limit = Math.floor(mostAtOnce / openReplayStatuses.length)
    const from = this.#cursors.get(`replays ${status}`) ?? 0
    const page = await this.#service.replays.requested(status, from, limit)
    this.#advance(
      `replays ${status}`,
      page.map(({ createdAt }) => createdAt),
      limit,
    )
    for (const replay of page) {
      if (this.#isResting(replay)) await reconcileReplay(this.#service, replay)
    }
  }

  #isResting({ updatedAt }: { readonly updatedAt: number }): boolean {
    return updatedAt + restMs <= this.#service.scope.clock.now()
  }

  /** Goes on where the page ended, and from the beginning after the last one. */
  #advance(name: string, times: readonly number[], limit: number): void {
    const first = times[0]
    const last = times.at(-1)
    if (first === undefined || last === undefined || times.length < limit) {
      this.#cursors.delete(name)
      return
    }
    // A page of one moment would be read again and again.
    this.#cursors.set(name, last > first ? last : last + 1)
  }
}
