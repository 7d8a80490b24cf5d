import type { RecordBook, RecordPlace } from 'carabiner'
import { cursorOf, placeOf } from './cursor.ts'
import { selectorsFor } from './event-types.ts'
import { MatchingLooks } from './matching-looks.ts'
import { isActive, type Subscription } from './subscription.ts'
import {
  subscriptions as collection,
  fromRecord,
  indexes,
  selectorEntry,
  urlEntry,
} from './subscription-record.ts'

/** Subscriptions looked up at once. */
const perLookup = 1_000

type Reading = Pick<RecordBook, 'records' | 'findRecords' | 'lookUpRecords' | 'recordStamp'>

/** Which part of an owner's subscriptions is listed. */
export interface ListQuery {
  readonly owner: string
  /** Those that are not active, and the revoked ones, too. */
  readonly includeInactive: boolean
  readonly limit: number
  readonly cursor?: string | undefined
}

export interface Listed {
  readonly subscriptions: readonly Subscription[]
  /** `null` on the last page. */
  readonly nextCursor: string | null
}

/** Where subscriptions are found. What is written goes through the writer that commits it with what belongs to it. */
export class SubscriptionBook {
  readonly #records: Reading
  readonly #matching: MatchingLooks

  constructor(records: Reading) {
    this.#records = records
    this.#matching = new MatchingLooks(() => records.recordStamp(collection))
  }

  /** A subscription of this owner, revoked or not; of another: as if there were none. */
  async find(owner: string, id: string): Promise<Subscription | undefined> {
    const [subscription] = await this.byId([id])
    return subscription?.owner === owner ? subscription : undefined
  }

  /** Whoever they belong to; those there are not are left out. */
  async byId(ids: readonly string[]): Promise<readonly Subscription[]> {
    const records = await this.#records.records(collection, ids)
    return records.filter((record) => record !== undefined).map(fromRecord)
  }

  /** The one of this owner at this URL that is not revoked. */
  async at(owner: string, url: string): Promise<Subscription | undefined> {
    const [record] = await this.#records.lookUpRecords({
      collection,
      index: indexes.url,
      entries: [urlEntry(owner, url)],
      limit: 1,
    })
    return record === undefined ? undefined : fromRecord(record)
  }

  /** Those that get an owner's events of a type, each once. */
  matching(owner: string, eventType: string): Promise<readonly Subscription[]> {
    return this.#matching.ask(owner, eventType, () => this.#lookUp(owner, eventType))
  }

  async #lookUp(owner: string, eventType: string): Promise<readonly Subscription[]> {
    const entries = selectorsFor(eventType).map((selector) => selectorEntry(owner, selector))
    const found: Subscription[] = []
    for (let after = ''; ; ) {
      const page = await this.#records.lookUpRecords({
        collection,
        index: indexes.selector,
        entries,
        limit: perLookup,
        ...(after !== '' && { after }),
      })
      found.push(...page.map(fromRecord))
      const last = page.at(-1)
      if (last === undefined || page.length < perLookup) return found.filter(isActive)
      after = last.id
    }
  }

  /** Everybody's, or one owner's: by owner, the newest first. */
  async *walk({
    owner,
    includeInactive,
  }: {
    readonly owner?: string | undefined
    readonly includeInactive: boolean
  }): AsyncGenerator<Subscription, void> {
    const walk = { ...newestFirst(owner, includeInactive), limit: perLookup }
    for (let after: RecordPlace | undefined; ; ) {
      const page = await this.#records.findRecords({ ...walk, ...(after && { after }) })
      for (const record of page) yield fromRecord(record)
      after = page.at(-1)
      if (after === undefined || page.length < perLookup) return
    }
  }

  /** Newest first. What is added while somebody turns pages comes before the first one. */
  async list(query: ListQuery): Promise<Listed> {
    const { owner, includeInactive, limit, cursor } = query
    const walk = newestFirst(owner, includeInactive)
    const after = cursor === undefined ? {} : { after: placeOf(owner, cursor) }
    // One more says whether there is more; where no more can be asked for at once, another look does.
    const found = await this.#records.findRecords({
      ...walk,
      ...after,
      limit: Math.min(limit + 1, perLookup),
    })
    const page = found.slice(0, limit)
    const last = page.at(-1)
    const isMore =
      last !== undefined &&
      (found.length > limit || (limit === perLookup && (await this.#isMore(walk, last))))
    return { subscriptions: page.map(fromRecord), nextCursor: isMore ? cursorOf(last) : null }
  }

  async #isMore(walk: ReturnType<typeof newestFirst>, after: RecordPlace): Promise<boolean> {
    return (await this.#records.findRecords({ ...walk, after, limit: 1 })).length > 0
  }
}

/** A walk over an owner's subscriptions, or over everybody's, one owner after another. */
function newestFirst(owner: string | undefined, includeInactive: boolean) {
  return {
    collection,
    index: includeInactive ? indexes.owner : indexes.active,
    prefix: owner === undefined ? '' : `${owner}\n`,
    order: 'descending',
  } as const
}
