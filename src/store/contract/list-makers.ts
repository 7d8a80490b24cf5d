import type { RecordListQuery } from '../record-list.ts'
import type { RecordPut } from '../records.ts'
import type { Store } from '../store.ts'
import { aPut, noon } from './makers.ts'

/** A record made and seen at noon, or so much later, in milliseconds. */
export function aListed(
  id: string,
  times: Readonly<Record<string, number>> = {},
  facets: Readonly<Record<string, string>> = {},
  text?: string | null,
): RecordPut {
  const at = Object.entries({ made: 0, ...times }).map(([name, ms]) => [name, noon + ms] as const)
  return aPut(id, {
    listed: { facets, times: Object.fromEntries(at), ...(text !== undefined && { text }) },
  })
}

export function aList(fields: Partial<RecordListQuery> = {}): RecordListQuery {
  const order = { by: 'made', direction: 'ascending' } as const
  return { collection: 'c/things', order, offset: 0, limit: 100, ...fields }
}

export async function listed(
  store: Store,
  fields: Partial<RecordListQuery> = {},
): Promise<{ readonly ids: readonly string[]; readonly total: number }> {
  const { records, total } = await store.listRecords(aList(fields))
  return { ids: records.map(({ id }) => id), total }
}
