import type { DeliveryId, MessageId } from '../../ids.ts'
import { copyOfAttempt } from '../copies.ts'
import { withReason } from '../missing-endpoint.ts'
import { checkMessageIds, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type { DeliveryFilter, DeliveryRow, Page, Store } from '../store.ts'
import type { Tally } from '../tally.ts'
import type { DeliveryBook } from './delivery-book.ts'
import { type DeliveryRecord, messageOf, rowOf } from './delivery-record.ts'
import type { EndpointBook } from './endpoint-book.ts'
import { Timeline } from './timeline.ts'

/** What is told of deliveries. */
export class DeliveryListing {
  readonly #book: DeliveryBook
  readonly #endpoints: EndpointBook

  constructor(book: DeliveryBook, endpoints: EndpointBook) {
    this.#book = book
    this.#endpoints = endpoints
  }

  page(filter: DeliveryFilter): Page<DeliveryRow> {
    const limit = pageLimit(filter.limit)
    const place = placeOfCursor('deliveries', filter.cursor)
    const rows = this.#candidates(filter)
    const found = rows.newest(place, limit + 1, (record) => matches(record, filter))
    return toPage(
      'deliveries',
      found,
      limit,
      (record) => record,
      (record) => this.#listed(record),
    )
  }

  find(id: DeliveryId): Awaited<ReturnType<Store['delivery']>> {
    const record = this.#book.records.get(id)
    if (record === undefined) return undefined
    const log = [...record.log.values()].sort((a, b) => a.number - b.number)
    return {
      delivery: this.#listed(record),
      message: messageOf(record),
      attempts: log.map(copyOfAttempt),
      erasedAt: record.of.erasedAt,
    }
  }

  tally(message: MessageId): Tally {
    const tally = { pending: 0, sending: 0, delivered: 0, dead: 0, cancelled: 0, attempted: 0 }
    for (const { state, attempts } of this.#book.messages.deliveriesOf(message)) {
      tally[state] += 1
      if (attempts > 0) tally.attempted += 1
    }
    return tally
  }

  #candidates({ messageIds }: DeliveryFilter): Timeline<DeliveryRecord> {
    if (messageIds === undefined) return this.#book.timeline
    checkMessageIds(messageIds)
    const timeline = new Timeline<DeliveryRecord>(() => true)
    for (const id of new Set(messageIds)) {
      for (const record of this.#book.messages.deliveriesOf(id)) timeline.add(record)
    }
    return timeline
  }

  #listed(record: DeliveryRecord): DeliveryRow {
    return withReason(rowOf(record), this.#endpoints.missingSince(record.endpoint))
  }
}

function matches(record: DeliveryRecord, { state, endpoint, from, to }: DeliveryFilter): boolean {
  return (
    (state === undefined || record.state === state) &&
    (endpoint === undefined || record.endpoint === endpoint) &&
    (from === undefined || record.at >= from) &&
    (to === undefined || record.at < to)
  )
}
