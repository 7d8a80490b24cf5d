import { hash } from 'node:crypto'

/** A UUID of one's own making (version 8, RFC 9562 §5.8): the same for the same name, on every host. */
export function nameId(name: string): string {
  const hex = hash('sha256', name)
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
