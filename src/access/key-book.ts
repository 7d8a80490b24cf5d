import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { newId } from '../ids.ts'
import type { StoredRecord } from '../store/records.ts'
import type { Store } from '../store/store.ts'
import { type ApiKey, digestOfKey, type NewApiKey, newKeySecret } from './api-key.ts'

/** Where keys are kept: a collection that is the host's own. */
const collection = 'api-keys'
const keysPerPage = 1_000

/** What keys are kept in. */
type KeyStore = Pick<Store, 'records' | 'findRecords' | 'lookUpRecords' | 'enqueue'>

/** API keys that were made at run time, known to every host on the store. A key's secret is kept as its SHA-256 alone. */
export class KeyBook {
  readonly #store: KeyStore
  readonly #clock: Clock

  constructor(store: KeyStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /**
   * Makes a key. Its secret is told now and never again.
   *
   * @param actor - who does it, for the audit trail
   * @throws {CarabinerError} USAGE for an owner, scope, name or glob that cannot be one; STORE_UNAVAILABLE
   */
  async create(
    wanted: NewApiKey,
    actor: string,
  ): Promise<{ readonly key: ApiKey; readonly secret: string }> {
    const key = this.#newKey(wanted)
    const secret = newKeySecret()
    await this.#put(key, digestOfKey(secret), 'absent', { action: 'key.created', actor })
    return { key, secret }
  }

  /** All keys, the revoked ones too, newest first. @throws {CarabinerError} STORE_UNAVAILABLE */
  async list(): Promise<readonly ApiKey[]> {
    const keys: ApiKey[] = []
    const walk = { collection, index: 'created', order: 'descending', limit: keysPerPage } as const
    for (let page = await this.#store.findRecords(walk); ; ) {
      keys.push(...page.map((record) => keyOf(record).key))
      const after = page.at(-1)
      if (after === undefined || page.length < keysPerPage) return keys
      page = await this.#store.findRecords({ ...walk, after })
    }
  }

  /**
   * Ends a key, from the next request on. A second time changes nothing.
   *
   * @returns the key as it is now; `undefined` when there is none with this id
   * @throws {CarabinerError} STORE_UNAVAILABLE
   */
  async revoke(id: string, actor: string): Promise<ApiKey | undefined> {
    const [record] = await this.#store.records(collection, [id])
    if (record === undefined) return undefined
    const { key, digest } = keyOf(record)
    if (key.revokedAt !== null) return key
    const revoked = { ...key, revokedAt: this.#clock.now() }
    await this.#put(revoked, digest, record.version, { action: 'key.revoked', actor })
    return revoked
  }

  /**
   * The key with this secret, unless it is revoked. Looked up by digest: how long it takes tells nothing of any secret.
   *
   * @throws {CarabinerError} STORE_UNAVAILABLE
   */
  async find(secret: string): Promise<ApiKey | undefined> {
    const [record] = await this.#store.lookUpRecords({
      collection,
      index: 'digest',
      entries: [digestOfKey(secret)],
      limit: 1,
    })
    if (record === undefined) return undefined
    const { key } = keyOf(record)
    return key.revokedAt === null ? key : undefined
  }

  #newKey({ owner, scopes = 'all', mayActFor = [], name = null }: Nullable): ApiKey {
    if (!ownerPattern.test(owner)) throw refusal('owner', owner, '3 to 255 visible characters')
    if (scopes !== 'all') for (const scope of scopes) checkScope(scope)
    for (const pattern of mayActFor) {
      if (!ownerPattern.test(pattern))
        throw refusal('owners', pattern, 'a pattern such as agent://acme/*')
    }
    if (name !== null && !namePattern.test(name)) throw refusal('name', name, '1 to 100 characters')
    const createdAt = this.#clock.now()
    return { id: newId(), owner, scopes, mayActFor, name, createdAt, revokedAt: null }
  }

  #put(key: ApiKey, digest: string, expects: 'absent' | number, cause: Cause): Promise<void> {
    const { id, owner, scopes, mayActFor, name } = key
    const value = { ...key, digest }
    // So padded, entries sort as their times do.
    const entries = { digest: [digest], created: [String(key.createdAt).padStart(15, '0')] }
    const details = { owner, scopes, mayActFor, name }
    const createdAt = this.#clock.now()
    return this.#store.enqueue([], undefined, {
      records: [{ kind: 'put', collection, id, expects, value, entries }],
      audit: [{ ...cause, id: newId(), entityType: 'api-key', entityId: id, details, createdAt }],
    })
  }
}

interface Cause {
  readonly action: string
  readonly actor: string
}

type Nullable = Omit<NewApiKey, 'name'> & { readonly name?: string | null }

const ownerPattern = /^[\x21-\x7e]{3,255}$/
const scopePattern = /^[a-z][a-z0-9-]{0,31}(:[a-z][a-z0-9-]{0,31})?$/
const namePattern = /^[^\p{Cc}]{1,100}$/u

function checkScope(scope: string): void {
  if (!scopePattern.test(scope)) throw refusal('scope', scope, 'a name such as events:publish')
}

function refusal(what: string, got: string, expected: string): CarabinerError {
  return new CarabinerError('USAGE', `the ${what} of a key: expected ${expected}, got \`${got}\``)
}

/** Only this file writes the collection: what is in it has the shape it was given here. */
function keyOf({ value }: StoredRecord): { readonly key: ApiKey; readonly digest: string } {
  const { digest, ...key } = value as ApiKey & { readonly digest: string }
  return { key, digest }
}
