import { type Json, rawMember } from 'carabiner'
import type { JsonObject } from '../providers/provider.ts'

/**
 * The JSON text that is delivered. What stands in it as the provider sent it goes in as the provider wrote it, so that `1.0` stays `1.0` and a number
 * that no double holds stays what it is.
 *
 * @param delivered - what is delivered, made of what was received
 * @param received - the payload that was read from `source`
 * @param source - the text the payload was read from; `undefined` when it was no JSON
 */
export function deliveredBody(
  delivered: JsonObject,
  received: JsonObject,
  source: string | undefined,
): Uint8Array {
  if (source === undefined) return Buffer.from(JSON.stringify(delivered))
  const members = Object.entries(delivered).map(
    ([name, value]) =>
      `${JSON.stringify(name)}:${sourceOf(value, received, source) ?? JSON.stringify(value)}`,
  )
  return Buffer.from(`{${members.join()}}`)
}

/** The text of a part that is the payload itself, or a member of it. */
function sourceOf(value: Json, received: JsonObject, source: string): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (value === received) return source.trim()
  const name = Object.keys(received).find((each) => received[each] === value)
  return name === undefined ? undefined : rawMember(source, name)
}
