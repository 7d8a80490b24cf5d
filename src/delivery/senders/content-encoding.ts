import { promisify } from 'node:util'
import { brotliDecompress, gunzip, inflate, inflateRaw } from 'node:zlib'

/** What senders offer in `Accept-Encoding`. */
export const acceptedEncodings = 'gzip, deflate, br'

export type Decoded =
  | { readonly kind: 'decoded'; readonly body: Uint8Array }
  | { readonly kind: 'over-limit' }
  | { readonly kind: 'broken'; readonly reason: string }

/** Undoes a body's content codings, giving up as soon as it would be larger than `limit` bytes. */
export async function decodeBody(
  body: Uint8Array,
  contentEncoding: string,
  limit: number,
): Promise<Decoded> {
  const codings = contentEncoding
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity')
  if (codings.length > maxCodings)
    return { kind: 'broken', reason: `more than ${maxCodings} content codings` }

  let bytes = body
  for (const coding of codings.reverse()) {
    const decode = decoders[coding]
    if (decode === undefined) return { kind: 'broken', reason: `unknown content coding ${coding}` }
    try {
      bytes = await decode(bytes, { maxOutputLength: limit })
    } catch (error) {
      return failure(coding, error)
    }
  }
  return bytes.byteLength > limit ? { kind: 'over-limit' } : { kind: 'decoded', body: bytes }
}

/** Bytes a coded body may have before it is decoded: codings make what can't be compressed a little larger. */
export function codedLimit(limit: number): number {
  return limit + 1024 + (limit >> 6)
}

const maxCodings = 2

type Decoder = (
  bytes: Uint8Array,
  options: { readonly maxOutputLength: number },
) => Promise<Uint8Array>

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  br: promisify(brotliDecompress),
  deflate: decodeDeflate,
}

const inflateWrapped: Decoder = promisify(inflate)
const inflateBare: Decoder = promisify(inflateRaw)

/** RFC 9110 §8.4.1.2 means the zlib format; some receivers send the bare one. The low nibble of zlib's first byte is 8. */
function decodeDeflate(...[bytes, options]: Parameters<Decoder>): ReturnType<Decoder> {
  const wrapped = ((bytes[0] ?? 0) & 0x0f) === 8
  return wrapped ? inflateWrapped(bytes, options) : inflateBare(bytes, options)
}

function failure(coding: string, error: unknown): Decoded {
  const tooLarge =
    error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
  return tooLarge ? { kind: 'over-limit' } : { kind: 'broken', reason: `the body is not ${coding}` }
}
