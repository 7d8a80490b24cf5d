import { hash } from 'node:crypto'
import type { Json } from 'carabiner'

/** The SHA-256 of a payload's JSON with the members of each object in the order of their names: the same however it was written. */
export function payloadDigest(payload: Json): string {
  return hash('sha256', canonicalJson(payload))
}

/** Nested no deeper than what was read from a request can be. */
function canonicalJson(value: Json): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  const members = Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, member]) => `${JSON.stringify(name)}:${canonicalJson(member)}`)
  return `{${members.join()}}`
}
