import type { Logger } from '../../bus/handler.ts'
import type { Clock } from '../../clock.ts'
import type { DueEndpointStore } from '../../store/due-endpoints.ts'
import type { EndpointQueue } from '../endpoint-queue.ts'
import type { HeldDeliveries } from '../held-deliveries.ts'
import { Alarms } from './alarms.ts'
import type { Members } from './members.ts'
import { Walk } from './walk.ts'

export interface DueMembersParts {
  readonly store: DueEndpointStore
  readonly clock: Clock
  readonly log: Logger
  readonly held: HeldDeliveries
  readonly members: Members
  /** There is something to claim. */
  readonly wake: () => void
}

/** An endpoint that something is to be claimed for. */
export interface Claimable {
  readonly queue: EndpointQueue
  readonly limit: number
}

/** Endpoints that something is due for, known at once; a walk finds those beyond. */
const mostWanted = 10_000
/** A walk brings as many at once. */
const roomOfWalk = 1_000
const mostAlarms = 100_000
/** In one claim, and looked at for it: those that are busy are passed over. */
const mostClaimed = 500
const mostSeen = 4_000
/** What could not be looked up is tried again. */
const againMs = 1_000

/**
 * Which endpoints of families have something due: those that somebody told of, those whose time has come, and those that a walk
 * has found. The claimer takes some of them at a time, in turn, beside the endpoints of the assembly, which never wait for a look.
 */
export class DueMembers {
  readonly #parts: DueMembersParts
  /** In the order of their turns. */
  readonly #wanted = new Set<string>()
  /** Of these, those that are being looked up. */
  readonly #lookedUp = new Set<string>()
  readonly #alarms = new Alarms(mostAlarms)
  readonly #walks = new Map<string, Walk>()
  #timer: Disposable | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #isRunning = false
  #walksRun = false
  #waitsForRoom = false

  constructor(parts: DueMembersParts) {
    this.#parts = parts
  }

  /** @param walks - whether to look for what nobody here knows of, too */
  start({ walks }: { readonly walks: boolean }): void {
    this.#isRunning = true
    this.#walksRun = walks
    if (walks) for (const walk of this.#walks.values()) walk.start()
    this.#planAlarm()
  }

  stop(): void {
    this.#isRunning = false
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = Number.POSITIVE_INFINITY
    for (const walk of this.#walks.values()) walk.stop()
  }

  /** A family is known: looks for what is due for it from now on. */
  begin(prefix: string): void {
    this.end(prefix)
    const { store, clock, log } = this.#parts
    const walk = new Walk({
      store,
      clock,
      log,
      prefix,
      hasRoom: () => this.#wanted.size + roomOfWalk <= mostWanted,
      found: (endpoints) => this.#found(endpoints),
    })
    this.#walks.set(prefix, walk)
    if (this.#isRunning && this.#walksRun) walk.start()
  }

  end(prefix: string): void {
    this.#walks.get(prefix)?.stop()
    this.#walks.delete(prefix)
  }

  isWanted(endpoint: string): boolean {
    return this.#wanted.has(endpoint)
  }

  /** Something may be due for it. */
  want(endpoint: string): void {
    if (this.#wanted.size < mostWanted) this.#wanted.add(endpoint)
  }

  /** Something will be due for it. */
  wantAt(endpoint: string, at: number): void {
    this.#alarms.set(endpoint, at)
    this.#planAlarm()
  }

  /** Nothing is due for it. */
  forget(endpoint: string): void {
    this.#wanted.delete(endpoint)
  }

  /** Something of a family has been settled or given back: there may be room for what waited for it. */
  hasRoom(): void {
    if (this.#waitsForRoom && this.#parts.held.hasRoomForMembers) this.#parts.wake()
  }

  /** Some of those that may be claimed for now; those that are not known well enough are looked up meanwhile. */
  claimable(now: number): readonly Claimable[] {
    if (this.#wanted.size === 0) return []
    const found: Claimable[] = []
    const unknown: string[] = []
    // Each takes a place at least: what is looked up beyond them would only push out others.
    const places = Math.min(mostClaimed, this.#parts.held.roomForMembers.beyond)
    this.#waitsForRoom = places === 0
    let seen = 0
    for (const endpoint of this.#wanted) {
      seen += 1
      if (found.length + unknown.length >= places || seen > mostSeen) break
      const queue = this.#parts.members.fresh(endpoint)
      if (queue === undefined) unknown.push(endpoint)
      else {
        const limit = this.#limitOf(queue, now)
        if (limit > 0) found.push({ queue, limit })
      }
    }
    this.#lookUp(unknown)
    return this.#shared(found)
  }

  /** How many may be claimed for it; what has to wait for its time is taken off the list. */
  #limitOf(queue: EndpointQueue, now: number): number {
    if (!queue.mayHaveDue) {
      this.#wanted.delete(queue.id)
      return 0
    }
    const claimable = queue.claimable(now)
    if (claimable === 0) {
      if (!queue.isHeldBack(now)) return 0
      this.#wanted.delete(queue.id)
      const changesAt = queue.changesAt(now)
      if (Number.isFinite(changesAt)) this.wantAt(queue.id, changesAt)
      return 0
    }
    const limit = this.#parts.held.room(queue, claimable)
    if (limit === 0) this.#waitsForRoom = true
    // A few at a time would cost a query each.
    return queue.held > 0 && limit * 4 < queue.capacity ? 0 : limit
  }

  /** Nobody takes all the room there is; whoever had a turn goes to the end of the row. */
  #shared(found: readonly Claimable[]): readonly Claimable[] {
    const { common } = this.#parts.held.roomForMembers
    const share = Math.max(1, Math.floor(common / found.length))
    return found.map(({ queue, limit }) => {
      this.#wanted.delete(queue.id)
      this.#wanted.add(queue.id)
      return { queue, limit: Math.min(limit, share) }
    })
  }

  #lookUp(unknown: readonly string[]): void {
    const { members } = this.#parts
    const room = Math.max(0, members.mostAtOnce - this.#lookedUp.size)
    const isNew = (endpoint: string): boolean => !this.#lookedUp.has(endpoint)
    const endpoints = unknown.filter(isNew).slice(0, room)
    const looking = members.confirm(endpoints)
    if (looking === undefined) return
    for (const endpoint of endpoints) this.#lookedUp.add(endpoint)
    looking.then(
      () => this.#lookedAt(endpoints, this.#parts.clock.now()),
      // Said in the log already.
      () => this.#lookedAt(endpoints, this.#parts.clock.now()),
    )
  }

  #lookedAt(endpoints: readonly string[], now: number): void {
    for (const endpoint of endpoints) {
      this.#lookedUp.delete(endpoint)
      if (this.#parts.members.fresh(endpoint) !== undefined || !this.#wanted.has(endpoint)) continue
      this.#wanted.delete(endpoint)
      this.wantAt(endpoint, now + againMs)
    }
    this.#parts.wake()
  }

  #found(endpoints: readonly string[]): void {
    for (const endpoint of endpoints) {
      this.want(endpoint)
      this.#parts.members.get(endpoint)?.expectDue()
    }
    this.#parts.wake()
  }

  #planAlarm(): void {
    const at = this.#alarms.nextAt
    if (!this.#isRunning || at >= this.#timerAt) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    const { clock } = this.#parts
    this.#timer = clock.after(Math.max(1, at - clock.now()), () => this.#ring())
  }

  #ring(): void {
    this.#timerAt = Number.POSITIVE_INFINITY
    const endpoints = [...this.#alarms.take(this.#parts.clock.now())]
    if (endpoints.length > 0) this.#found(endpoints)
    this.#planAlarm()
  }
}
