import { newDeliveryId, type RedeliveryId } from '../../ids.ts'
import { type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type {
  NewRedelivery,
  Redelivery,
  RedeliveryAdvance,
  RedeliveryFilter,
  RedeliveryListing,
  RedeliveryStep,
} from '../redelivery.ts'
import { redeliveryExists } from '../refusal.ts'
import type { Lease, Page } from '../store.ts'
import type { DeliveryBook } from './delivery-book.ts'
import type { DeliveryRecord } from './delivery-record.ts'
import { Timeline } from './timeline.ts'

/** A redelivery, who advances it, and how far it has come. */
interface Entry extends Place {
  redelivery: Redelivery
  lease: Lease | null
  reached: Place
  removed: boolean
}

const beginning: Place = { at: Number.NEGATIVE_INFINITY, seq: 0 }

/** Redeliveries of many, and their way through the deliveries. */
export class RedeliveryBook {
  readonly #deliveries: DeliveryBook
  readonly #entries = new Map<RedeliveryId, Entry>()
  readonly #timeline = new Timeline<Entry>((entry) => !entry.removed)
  #seq = 0

  constructor(deliveries: DeliveryBook) {
    this.#deliveries = deliveries
  }

  create({ id, filter, actor, createdAt }: NewRedelivery): Redelivery {
    if (this.#entries.has(id)) throw redeliveryExists(id)
    const own = { ...filter }
    const { timeline } = this.#deliveries
    const matches = matching(own, createdAt)
    const redelivery: Redelivery = {
      id,
      filter: own,
      actor,
      state: 'running',
      matched: timeline.oldest(beginning, Number.POSITIVE_INFINITY, matches).length,
      processed: 0,
      redelivered: 0,
      skipped: 0,
      createdAt,
      finishedAt: null,
    }
    this.#seq += 1
    const entry = {
      seq: this.#seq,
      at: createdAt,
      redelivery,
      lease: null,
      reached: beginning,
      removed: false,
    }
    this.#entries.set(id, entry)
    this.#timeline.add(entry)
    return copyOf(redelivery)
  }

  find(id: RedeliveryId): Redelivery | undefined {
    const entry = this.#entries.get(id)
    return entry && copyOf(entry.redelivery)
  }

  page({ state, cursor, limit }: RedeliveryListing): Page<Redelivery> {
    const rows = pageLimit(limit)
    const place = placeOfCursor('redeliveries', cursor)
    const found = this.#timeline.newest(
      place,
      rows + 1,
      ({ redelivery }) => state === undefined || redelivery.state === state,
    )
    return toPage(
      'redeliveries',
      found,
      rows,
      (entry) => entry,
      ({ redelivery }) => copyOf(redelivery),
    )
  }

  hold(lease: Lease, now: number): Redelivery | undefined {
    const isFree = (entry: Entry): boolean =>
      entry.redelivery.state === 'running' &&
      (entry.lease === null || entry.lease.owner === lease.owner || entry.lease.until <= now)
    const [entry] = this.#timeline.oldest(beginning, 1, isFree)
    if (entry === undefined) return undefined
    entry.lease = { ...lease }
    return copyOf(entry.redelivery)
  }

  advance(
    id: RedeliveryId,
    { owner, now, limit, outstanding }: RedeliveryAdvance,
  ): RedeliveryStep | undefined {
    const entry = this.#entries.get(id)
    if (entry?.redelivery.state !== 'running' || entry.lease?.owner !== owner) return undefined
    const matches = matching(entry.redelivery.filter, entry.redelivery.createdAt)
    const next = this.#deliveries.timeline.oldest(entry.reached, limit, matches)
    const room = outstanding - this.#deliveries.ties.outstanding(id, now)
    const { looked, endpoints, redelivered } = this.#redeliverEach(next, { madeBy: id, now, room })
    const last = next[looked - 1]
    if (last !== undefined) entry.reached = { at: last.at, seq: last.seq }
    entry.redelivery = advanced(entry.redelivery, looked, redelivered)
    if (looked === next.length && next.length < limit) finish(entry, 'done', now)
    return { redelivery: copyOf(entry.redelivery), endpoints: [...endpoints] }
  }

  stop(id: RedeliveryId, at: number): Redelivery | undefined {
    const entry = this.#entries.get(id)
    if (entry === undefined) return undefined
    if (entry.redelivery.state === 'running') finish(entry, 'stopped', at)
    return copyOf(entry.redelivery)
  }

  /** Removes at most `limit` that were over before. */
  prune(before: number, limit: number): number {
    const isOld = ({ redelivery: { finishedAt } }: Entry): boolean =>
      finishedAt !== null && finishedAt < before
    const old = this.#timeline.oldest(beginning, limit, isOld)
    for (const entry of old) {
      entry.removed = true
      this.#entries.delete(entry.redelivery.id)
      this.#timeline.removed()
    }
    return old.length
  }

  /** Goes on until there is no room for another. */
  #redeliverEach(
    records: readonly DeliveryRecord[],
    { madeBy, now, room }: { madeBy: RedeliveryId; now: number; room: number },
  ): { looked: number; redelivered: number; endpoints: ReadonlySet<string> } {
    const endpoints = new Set<string>()
    let [looked, redelivered] = [0, 0]
    for (const record of records) {
      if (!this.#isLeftOut(record)) {
        if (redelivered >= room) break
        this.#redeliver(record, madeBy, now)
        endpoints.add(record.endpoint)
        redelivered += 1
      }
      looked += 1
    }
    return { looked, redelivered, endpoints }
  }

  #isLeftOut(record: DeliveryRecord): boolean {
    return record.of.erasedAt !== null || this.#deliveries.ties.isRedelivered(record)
  }

  #redeliver({ root, endpoint, of }: DeliveryRecord, madeBy: RedeliveryId, now: number): void {
    const again = { id: newDeliveryId(), endpoint, dueAt: now, orderKey: null, redeliveryOf: root }
    this.#deliveries.addRedelivery(again, of, now, madeBy)
  }
}

function matching(
  { state, endpoint, from, to }: RedeliveryFilter,
  before: number,
): (record: DeliveryRecord) => boolean {
  return (record) =>
    record.state === state &&
    record.settledAt !== null &&
    record.settledAt < before &&
    (endpoint === undefined || record.endpoint === endpoint) &&
    (from === undefined || record.at >= from) &&
    (to === undefined || record.at < to)
}

function advanced(redelivery: Redelivery, looked: number, redelivered: number): Redelivery {
  return {
    ...redelivery,
    processed: redelivery.processed + looked,
    redelivered: redelivery.redelivered + redelivered,
    skipped: redelivery.skipped + looked - redelivered,
  }
}

function finish(entry: Entry, state: 'done' | 'stopped', at: number): void {
  entry.redelivery = { ...entry.redelivery, state, finishedAt: at }
  entry.lease = null
}

function copyOf(redelivery: Redelivery): Redelivery {
  return { ...redelivery, filter: { ...redelivery.filter } }
}
