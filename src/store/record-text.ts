import { CarabinerError } from '../errors.ts'

/** Comes after every entry: none contains it. */
export const beyondEntries = '\u{10ffff}'

const longestName = 255
const longestEntry = 1536
const longestUnique = 8192

/** Whether every database keeps a text as it is: no U+0000, and no half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed()
}

/** Whether a text can be the id of a record, or the name of a collection or an index. */
export function isRecordName(name: string): boolean {
  return name !== '' && isStorable(name) && byteLength(name) <= longestName
}

/** Whether records can be found under it. */
export function isRecordEntry(entry: string): boolean {
  return isStorable(entry) && byteLength(entry) <= longestEntry && !entry.includes(beyondEntries)
}

/** @param what - what it names, for the message */
export function checkName(what: string, name: string): void {
  if (isRecordName(name)) return
  throw refusal(`${what} must have 1 to ${longestName} bytes and no U+0000`)
}

export function checkEntry(entry: string): void {
  if (isRecordEntry(entry)) return
  throw refusal(
    `an entry must have at most ${longestEntry} bytes, no U+0000 and no U+10FFFF: ${entry}`,
  )
}

export function checkUnique(text: string): void {
  if (text !== '' && isStorable(text) && byteLength(text) <= longestUnique) return
  throw refusal(`a unique text must have 1 to ${longestUnique} bytes and no U+0000`)
}

export function checkTenant(tenant: string): void {
  if (!isStorable(tenant)) throw refusal('a tenant must be well-formed and have no U+0000')
}

function byteLength(text: string): number {
  return Buffer.byteLength(text)
}

function refusal(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
