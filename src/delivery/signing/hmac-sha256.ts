import { createHmac, hash, type KeyObject } from 'node:crypto'

/** Bytes that SHA-256 takes at a time, and those of a digest. */
const blockBytes = 64
const digestBytes = 32
/** Longer messages stay where they are: to copy them would cost more than it saves. */
const longestCopied = 16 * 1_024

/** What a key makes of a message: a block in front of it, and one in front of its digest. */
interface Pads {
  readonly inner: Uint8Array
  readonly outer: Uint8Array
}

const padsOf = new WeakMap<KeyObject, Pads>()
/** What is hashed: the pads are written there for each message, for all keys in turn. */
const innerText = Buffer.alloc(blockBytes + longestCopied)
const outerText = Buffer.alloc(blockBytes + digestBytes)

/**
 * HMAC-SHA256 of a text with a body behind it: SHA256(key ⊕ opad ‖ SHA256(key ⊕ ipad ‖ message)), RFC 2104.
 *
 * What `createHmac('sha256', key).update(start).update(body).digest(encoding)` gives, for six tenths of its time at 1 KB: two hashes of bytes that lie
 * ready need no objects of Node's. Each delivery is signed.
 */
export function hmacSha256(
  key: KeyObject,
  start: string,
  body: Uint8Array,
  encoding: 'hex' | 'base64',
): string {
  // No character of JavaScript's has more than three bytes of UTF-8.
  if (start.length * 3 + body.byteLength > longestCopied) {
    return createHmac('sha256', key).update(start).update(body).digest(encoding)
  }
  const { inner, outer } = padsFor(key)
  innerText.set(inner)
  const bodyAt = blockBytes + innerText.write(start, blockBytes)
  innerText.set(body, bodyAt)
  const digest = hash('sha256', innerText.subarray(0, bodyAt + body.byteLength), 'binary')
  outerText.set(outer)
  outerText.write(digest, blockBytes, 'latin1')
  return hash('sha256', outerText, encoding)
}

function padsFor(key: KeyObject): Pads {
  const known = padsOf.get(key)
  if (known !== undefined) return known
  const secret = key.export()
  const block = Buffer.alloc(blockBytes)
  block.set(secret.byteLength > blockBytes ? hash('sha256', secret, 'buffer') : secret)
  const pads = { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) }
  padsOf.set(key, pads)
  return pads
}
