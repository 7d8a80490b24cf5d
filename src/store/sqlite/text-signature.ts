/**
 * Which characters, pairs and triples of them there are in some texts: a filter that may say yes by mistake, and never no.
 *
 * What is short enough to be in half of all texts is in no index worth asking; where it is not at all, this tells.
 */
export type TextSignature = Uint8Array

/** Two thousand texts of words fill half of the bits. */
const signatureBytes = 1024
const lastBit = signatureBytes * 8 - 1
const longestSigned = 3

export function emptySignature(): TextSignature {
  return new Uint8Array(signatureBytes)
}

/** Adds what a text contains. */
export function sign(signature: TextSignature, text: string): void {
  for (let start = 0; start < text.length; start += 1) {
    const end = Math.min(text.length, start + longestSigned)
    let hash = 0
    for (let at = start; at < end; at += 1) {
      hash = hashed(hash, text.charCodeAt(at))
      const bit = bitOf(hash)
      signature[bit >> 3] = (signature[bit >> 3] ?? 0) | (1 << (bit & 7))
    }
  }
}

/** Adds what is in another one. */
export function unite(signature: TextSignature, other: TextSignature): void {
  for (const [at, byte] of other.entries()) signature[at] = (signature[at] ?? 0) | byte
}

/** A question for a text, to be asked of many signatures. */
export function mayContain(text: string): (signature: TextSignature) => boolean {
  const wanted = emptySignature()
  sign(wanted, text)
  const bytes = [...wanted.entries()].filter(([, byte]) => byte !== 0)
  return (signature) => bytes.every(([at, byte]) => ((signature[at] ?? 0) & byte) === byte)
}

function hashed(hash: number, code: number): number {
  return Math.imul(hash ^ (code + 1), 0x9e3779b1)
}

function bitOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & lastBit
}
