/** What an erasure takes of a record beside its bytes stands in front of them, as JSON: both are its content, of which nothing is left then. */
interface Content {
  readonly content: Uint8Array | null
  /** How long the front is. */
  readonly frontBytes: number
}

/** @param bytes - `null`: they were erased, and so was what stood in front of them */
export function withFront(front: object, bytes: Uint8Array | null): Content {
  if (bytes === null) return { content: null, frontBytes: 0 }
  const json = Buffer.from(JSON.stringify(front))
  return { content: Buffer.concat([json, bytes]), frontBytes: json.byteLength }
}

/** The front, `undefined` without one, and the bytes behind it. */
export function splitFront({ content, frontBytes }: Content): {
  readonly front: unknown
  readonly bytes: Uint8Array | null
} {
  if (content === null || frontBytes === 0) return { front: undefined, bytes: content }
  const json = utf8.decode(content.subarray(0, frontBytes))
  return { front: JSON.parse(json), bytes: content.subarray(frontBytes) }
}

const utf8 = new TextDecoder()
