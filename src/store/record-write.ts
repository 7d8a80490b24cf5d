import { CarabinerError } from '../errors.ts'
import type { MessageId } from '../ids.ts'
import { patchable } from './patchable-json.ts'
import { type OwnListing, ownListing } from './record-listing.ts'
import { type OwnPatch, ownPatch } from './record-patch.ts'
import { checkEntry, checkName, checkTenant, checkUnique } from './record-text.ts'
import type { RecordPut, RecordRemoval, RecordWrite } from './records.ts'

/** A put that was looked at, copied and written as JSON: the store's own to keep. */
export interface OwnPut {
  readonly kind: 'put'
  readonly collection: string
  readonly id: string
  readonly expects: 'absent' | number | undefined
  /** JSON, `patchable`. */
  readonly value: string
  readonly content: Uint8Array | null
  readonly keys: RecordKeys
  readonly tenant: string | null
  readonly messageId: MessageId | null
  readonly expiresAt: number | null
  readonly listed: OwnListing | null
}

/** Under what a record is found; sorted, each once, so that the same keys have the same JSON. */
export interface RecordKeys {
  readonly unique: readonly string[]
  readonly entries: readonly RecordKey[]
}

/** An index, and an entry of it. */
export type RecordKey = readonly [index: string, entry: string]

export type OwnWrite = OwnPut | OwnPatch | RecordRemoval

/** @throws {CarabinerError} USAGE for an id, a name, an entry or a value that cannot be kept */
export function ownWrites(writes: readonly RecordWrite[]): readonly OwnWrite[] {
  return writes.map(ownWrite)
}

function ownWrite(write: RecordWrite): OwnWrite {
  checkName('the name of a collection', write.collection)
  checkName('the id of a record', write.id)
  switch (write.kind) {
    case 'put':
      return ownPut(write)
    case 'remove':
      return { ...write }
    case 'patch':
      return ownPatch(write)
  }
}

function ownPut(put: RecordPut): OwnPut {
  const { collection, id, expects, content = null, tenant = null } = put
  if (tenant !== null) checkTenant(tenant)
  return {
    kind: 'put',
    collection,
    id,
    expects,
    value: jsonOf(put),
    content: content && Buffer.from(content),
    keys: { unique: uniqueOf(put), entries: entriesOf(put) },
    tenant,
    messageId: put.messageId ?? null,
    expiresAt: put.expiresAt ?? null,
    listed: put.listed === undefined ? null : ownListing(put.listed),
  }
}

function jsonOf({ collection, id, value }: RecordPut): string {
  // What is not JSON at all (a function, `undefined`) is written as nothing, which the types of JSON.stringify do not tell.
  const text: string | undefined = JSON.stringify(value)
  if (text !== undefined) return patchable(text)
  throw new CarabinerError('USAGE', `the value of record ${id} of ${collection} is not JSON`)
}

function uniqueOf({ unique = [] }: RecordPut): readonly string[] {
  for (const text of unique) checkUnique(text)
  return [...new Set(unique)].sort()
}

function entriesOf({ entries = {} }: RecordPut): readonly RecordKey[] {
  const indexes = Object.keys(entries).sort()
  return indexes.flatMap((index) => {
    checkName('the name of an index', index)
    const own = [...new Set(entries[index])].sort()
    for (const entry of own) checkEntry(entry)
    return own.map((entry): RecordKey => [index, entry])
  })
}
