import { type RecordBook, RecordConflictError, type RecordPut, type StoredRecord } from 'carabiner'
import { nameId } from './name-id.ts'

/** Since when an integration is known, and since when it is as it is. UTC milliseconds. */
export interface IntegrationTimes {
  readonly createdAt: number
  readonly updatedAt: number
}

/** What of an integration makes it another one when it changes. */
export interface KnownIntegration {
  readonly id: string
  readonly callbackUrl: string
  readonly active: boolean
}

/** Where it is kept since when integrations are known. */
const integrations = 'integrations'

/** Its URL may have secrets in it: what it was is known by a digest. */
interface Kept extends IntegrationTimes {
  readonly digest: string
}

type Keeping = Pick<RecordBook, 'records' | 'writeRecords'>

/** Remembers integrations from one start of a host to the next: the assembly says how they are, not since when. */
export class IntegrationBook {
  readonly #records: Keeping

  constructor(records: Keeping) {
    this.#records = records
  }

  /** Since when each of them is known and as it is now, in their order; what is new or has changed is noted. At most 1,000. */
  async note(known: readonly KnownIntegration[], now: number): Promise<IntegrationTimes[]> {
    const { times, news } = await this.#compare(known, now)
    if (news.length === 0) return times
    try {
      await this.#records.writeRecords(news)
      return times
    } catch (error) {
      if (!(error instanceof RecordConflictError)) throw error
      // Another host has noted them in the same moment.
      return (await this.#compare(known, now)).times
    }
  }

  async #compare(
    known: readonly KnownIntegration[],
    now: number,
  ): Promise<{ readonly times: IntegrationTimes[]; readonly news: readonly RecordPut[] }> {
    const ids = known.map(({ id }) => id)
    const found = await this.#records.records(integrations, ids)
    const compared = known.map((each, index) => compare(each, found[index], now))
    return {
      times: compared.map(({ times }) => times),
      news: compared.flatMap(({ news }) => news ?? []),
    }
  }
}

function compare(
  integration: KnownIntegration,
  found: StoredRecord | undefined,
  now: number,
): { readonly times: IntegrationTimes; readonly news?: RecordPut } {
  // Only this file says what the collection holds.
  const kept = found?.value as Kept | undefined
  const digest = nameId(JSON.stringify([integration.callbackUrl, integration.active]))
  if (kept?.digest === digest) {
    return { times: { createdAt: kept.createdAt, updatedAt: kept.updatedAt } }
  }
  const times = { createdAt: kept?.createdAt ?? now, updatedAt: now }
  const news: RecordPut = {
    kind: 'put',
    collection: integrations,
    id: integration.id,
    expects: found?.version ?? 'absent',
    value: { ...times, digest } satisfies Kept,
  }
  return { times, news }
}
