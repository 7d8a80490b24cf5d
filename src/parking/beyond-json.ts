/** A value that JSON cannot say, as a text, and where it stands. */
export interface BeyondJson {
  readonly path: readonly string[]
  readonly kind: 'date' | 'bigint' | 'bytes' | 'number'
  readonly text: string
}

type Container = Record<string, unknown>

/** The values in plain data that would come back from JSON as something else: dates, bigints, bytes, NaN, infinities and -0. */
export function beyondJson(data: object): readonly BeyondJson[] {
  const found: BeyondJson[] = []
  const visit = (value: unknown, path: readonly string[]): void => {
    const said = sayOf(value)
    if (said !== undefined) {
      found.push({ path, ...said })
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, inside] of Object.entries(value)) visit(inside, [...path, key])
    }
  }
  visit(data, [])
  return found
}

/** Puts them back where they stood, in data that has been read from JSON. */
export function putBack(data: object, values: readonly BeyondJson[]): void {
  for (const value of values) {
    const last = value.path.at(-1)
    // The way leads through what `beyondJson` went through: maps and lists, which JSON gives back as they were.
    const place = value.path
      .slice(0, -1)
      .reduce((at, key) => at[key] as Container, data as Container)
    if (last !== undefined) place[last] = readSaid(value)
  }
}

function sayOf(value: unknown): Pick<BeyondJson, 'kind' | 'text'> | undefined {
  if (typeof value === 'bigint') return { kind: 'bigint', text: String(value) }
  if (value instanceof Date) return { kind: 'date', text: String(value.getTime()) }
  if (value instanceof Uint8Array) {
    return { kind: 'bytes', text: Buffer.from(value).toString('base64') }
  }
  if (typeof value !== 'number') return undefined
  if (Object.is(value, -0)) return { kind: 'number', text: '-0' }
  return Number.isFinite(value) ? undefined : { kind: 'number', text: String(value) }
}

function readSaid({ kind, text }: BeyondJson): unknown {
  switch (kind) {
    case 'bigint':
      return BigInt(text)
    case 'date':
      return new Date(Number(text))
    case 'bytes':
      return Uint8Array.from(Buffer.from(text, 'base64'))
    case 'number':
      return Number(text)
  }
}
