/** JSON as it was written: in an answer its numbers are what they were, `1.0` is `1.0`. */
export class RawJson {
  readonly text: string

  /** @param text - JSON */
  constructor(text: string) {
    this.text = text
  }

  /** For whoever writes it as any other value: numbers are what a double makes of them. */
  toJSON(): unknown {
    return JSON.parse(this.text)
  }
}

/** The JSON of a value, with what is raw in it as it was written. */
export function exactJson(value: unknown): string {
  if (value instanceof RawJson) return value.text
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(exactJson).join()}]`
  const members = Object.entries(value).map(([k, v]) => `${JSON.stringify(k)}:${exactJson(v)}`)
  return `{${members.join()}}`
}
