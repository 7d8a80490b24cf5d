import { hash } from 'node:crypto'

/** A UUID of one's own making (version 8, RFC 9562 §5.8): the same for the same name, on every host. */
export function nameId(name: string): string {
  return formed(hash('sha256', name))
}

/** Digits of the id it stands beside: the time in a UUIDv7. */
const timeDigits = 12

/** As `nameId`, in the order of the ids (UUIDv7) they belong to: stores write what is kept side by side at half the cost. */
export function nameIdBeside(id: string, name: string): string {
  const time = id.replaceAll('-', '').slice(0, timeDigits)
  return formed(time + hash('sha256', name).slice(timeDigits))
}

/** Bytes at the end of a name by which those are in order that have all before in common. */
const countedBytes = 3

/** As `nameId`; names that are counted up are neighbours, in their order, for the same reason. */
export function nameIdInOrder(name: string): string {
  const bytes = Buffer.from(name)
  const last = bytes
    .subarray(-countedBytes)
    .toString('hex')
    .padStart(2 * countedBytes, '0')
  const common = hash('sha256', bytes.subarray(0, -countedBytes)).slice(0, 8)
  // The version takes the place of the thirteenth digit.
  const own = hash('sha256', bytes).slice(15)
  return formed(`${common}${last.slice(0, 4)}0${last.slice(4)}${own}`)
}

/** Hexadecimal digits, of which those give way that UUIDs need for themselves. */
function formed(hex: string): string {
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}

/** The id under which an integration is known: it stands in the assembly, which gives it none. */
export function integrationIdOf(provider: string): string {
  return nameId(`integration/${provider}`)
}
