import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto'

/** What something is signed as: a signature of one is none of another. */
type Purpose = 'row' | 'head' | 'anchor' | 'roster'

/** A key that audit chains are signed with, by HMAC-SHA-256. */
export class AuditKey {
  /** Tells keys apart without giving them away: the first 8 hex digits of a digest. */
  readonly id: string
  /** `own`: the store made it and keeps it, so that whoever reads the store can sign with it. */
  readonly origin: 'given' | 'own'
  readonly #key: KeyObject

  constructor(text: string, origin: 'given' | 'own') {
    this.origin = origin
    this.#key = createSecretKey(Buffer.from(text))
    this.id = createHash('sha256')
      .update('carabiner audit key\n')
      .update(text)
      .digest('hex')
      .slice(0, 8)
  }

  /** Parts are told apart whatever is in them: each is said with its length. */
  sign(purpose: Purpose, ...parts: readonly (string | number)[]): string {
    let said: string = purpose
    for (const part of parts) {
      const text = String(part)
      said += ` ${text.length} ${text}`
    }
    return createHmac('sha256', this.#key).update(said).digest('base64url')
  }
}

/** Keys by their ids. */
export type AuditKeyring = ReadonlyMap<string, AuditKey>

export function auditKeyring(keys: Iterable<AuditKey>): AuditKeyring {
  return new Map([...keys].map((key) => [key.id, key]))
}
