import type { DeliveryRecord } from './delivery-record.ts'
import { Heap } from './heap.ts'

/** What waits for one endpoint: a heap by due time, and behind it what an order key holds back. */
export class EndpointQueue {
  readonly #due = new Heap<DeliveryRecord>(isDueBefore, isPending)
  /** Unsettled deliveries of each order key, in the order they were stored. */
  readonly #keys = new Map<string, Set<DeliveryRecord>>()

  add(record: DeliveryRecord): void {
    if (record.orderKey !== null) this.#line(record.orderKey).add(record)
    record.firstOfKey = this.#isFirst(record)
    if (record.state === 'pending') this.offer(record)
  }

  /** Lets a pending delivery be taken when it is due, unless its key holds it back. */
  offer(record: DeliveryRecord): void {
    if (record.firstOfKey) this.#due.push(record)
  }

  /** The next due delivery, which waits here no more. */
  take(now: number): DeliveryRecord | undefined {
    const next = this.#due.peek()
    return next !== undefined && next.dueAt <= now ? this.#due.pop() : undefined
  }

  nextDueAt(): number | null {
    return this.#due.peek()?.dueAt ?? null
  }

  /** Tells that a delivery was settled, from `pending` or from `sending`: the next one of its key may go. */
  settled(record: DeliveryRecord, from: 'pending' | 'sending'): void {
    if (from === 'pending' && record.firstOfKey) this.#due.buried()
    if (record.orderKey === null) return
    const line = this.#line(record.orderKey)
    line.delete(record)
    const [next] = line
    if (next === undefined) this.#keys.delete(record.orderKey)
    else if (record.firstOfKey) this.#passOn(next)
  }

  /** Everything that is pending, what is held back first. */
  pending(): DeliveryRecord[] {
    const held = [...this.#keys.values()].flatMap((line) =>
      [...line].filter((record) => isPending(record) && !record.firstOfKey),
    )
    return [...held, ...this.#due.living()]
  }

  /** How many are pending. */
  countPending(): number {
    let pending = 0
    for (const _ of this.#due.living()) pending += 1
    for (const line of this.#keys.values()) {
      for (const record of line) pending += Number(isPending(record) && !record.firstOfKey)
    }
    return pending
  }

  /** Whether anything is pending. */
  hasPending(): boolean {
    if (this.#due.peek() !== undefined) return true
    return [...this.#keys.values()].some((line) => [...line].some(isPending))
  }

  #passOn(next: DeliveryRecord): void {
    next.firstOfKey = true
    this.offer(next)
  }

  #isFirst(record: DeliveryRecord): boolean {
    if (record.orderKey === null) return true
    const [first] = this.#line(record.orderKey)
    return first === record
  }

  #line(orderKey: string): Set<DeliveryRecord> {
    const known = this.#keys.get(orderKey)
    if (known !== undefined) return known
    const line = new Set<DeliveryRecord>()
    this.#keys.set(orderKey, line)
    return line
  }
}

function isDueBefore(a: DeliveryRecord, b: DeliveryRecord): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.seq < b.seq)
}

function isPending(record: DeliveryRecord): boolean {
  return record.state === 'pending'
}
