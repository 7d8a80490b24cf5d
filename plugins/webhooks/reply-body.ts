/** The body of a reply, as far as it can be understood. */
export type ReplyBody =
  | { readonly kind: 'empty' }
  | { readonly kind: 'json'; readonly value: unknown }
  | { readonly kind: 'text'; readonly text: string }

/** Levels of nesting up to which JSON is taken as JSON: it is shown, logged and stored, by code that recurses. */
const deepest = 64

const strictUtf8 = new TextDecoder('utf-8', { fatal: true })
const lossyUtf8 = new TextDecoder('utf-8')

/** Reads a body: JSON if it is JSON in UTF-8 and not absurdly deep, else text. Never throws. */
export function readBody(bytes: Uint8Array): ReplyBody {
  if (bytes.byteLength === 0) return { kind: 'empty' }
  try {
    const value: unknown = JSON.parse(strictUtf8.decode(bytes))
    if (!isDeeperThan(value, deepest)) return { kind: 'json', value }
  } catch {
    // Not UTF-8 or not JSON: then it is text, whatever the parser's complaint.
  }
  return { kind: 'text', text: lossyUtf8.decode(bytes) }
}

/** What is shown of a body: the parsed JSON, else the text, else `null`. */
export function shown(body: ReplyBody): unknown {
  switch (body.kind) {
    case 'empty':
      return null
    case 'json':
      return body.value
    case 'text':
      return body.text
  }
}

/** The fields of a body that is a JSON object; `undefined` for every other body. */
export function fieldsOf(body: ReplyBody): Readonly<Record<string, unknown>> | undefined {
  if (body.kind !== 'json') return undefined
  const { value } = body
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.fromEntries(Object.entries(value))
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  return Object.values(value).some((each) => isDeeperThan(each, levels - 1))
}
