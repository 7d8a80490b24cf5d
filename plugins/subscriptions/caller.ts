import { hash, timingSafeEqual } from 'node:crypto'
import { type ApiKey, actsFor, hasScope, type RouteHead } from 'carabiner'
import type { ApiKeyConfig, KeyScope } from './api-key-config.ts'
import { isOwner } from './owner.ts'
import { refusal } from './surface.ts'

/** Who calls: an API key without its secret. Its id is the same on every host and after every restart. */
export type Caller = Pick<ApiKey, 'id' | 'owner' | 'scopes' | 'mayActFor'>

/** Where keys stand that were made at run time. */
export interface KeyFinder {
  /** The key with this secret, unless it is revoked. */
  find(secret: string): Promise<ApiKey | undefined>
}

type Headers = RouteHead['headers']

/** Knows callers by the keys they show: those of the assembly, then those made at run time. */
export class Callers {
  readonly #configured: readonly { readonly digest: Buffer; readonly caller: Caller }[]
  readonly #keys: KeyFinder

  constructor(configured: readonly ApiKeyConfig[], keys: KeyFinder) {
    this.#configured = configured.map(toConfigured)
    this.#keys = keys
  }

  /** @throws {RouteError} 401 */
  async identify(headers: Headers): Promise<Caller> {
    const secret = secretIn(headers)
    if (secret === undefined) throw missingKey()
    const caller = this.#findConfigured(secret) ?? (await this.#keys.find(secret))
    if (caller === undefined) throw wrongKey()
    return caller
  }

  /** Looks at all of them, whichever it is: how long it takes tells nothing. */
  #findConfigured(secret: string): Caller | undefined {
    const digest = digestOf(secret)
    let found: Caller | undefined
    for (const each of this.#configured) {
      if (timingSafeEqual(each.digest, digest)) found = each.caller
    }
    return found
  }
}

/** @throws {RouteError} 403: the key is not good for this */
export function requireScope(caller: Caller, scope: KeyScope): void {
  if (hasScope(caller, scope)) return
  throw wrongActor(`the API key lacks the scope ${scope}`)
}

/**
 * The owner that a call is about: the key's own, unless query or header name another one that it may act for.
 *
 * @throws {RouteError} 400 when the two differ, 403 when it may not
 */
export function ownerOf(
  caller: Caller,
  { query, headers }: Pick<RouteHead, 'query' | 'headers'>,
): string {
  const asked = textOf(query['owner_agent'])
  const told = textOf(headers['x-owner-agent'])
  if (asked !== undefined && told !== undefined && asked !== told) {
    throw refusal({
      status: 400,
      code: 'owner_conflict',
      message: 'owner_agent and x-owner-agent name different owners',
    })
  }
  const owner = asked ?? told ?? caller.owner
  if (!isOwner(owner) || !actsFor(caller, owner))
    throw wrongActor('the API key may not act for this owner')
  return owner
}

/** With both, `x-api-key` counts. */
function secretIn(headers: Headers): string | undefined {
  const key = textOf(headers['x-api-key'])
  if (key !== undefined && key !== '') return key
  const [, token] = /^Bearer +(\S+) *$/i.exec(textOf(headers['authorization']) ?? '') ?? []
  return token
}

/** What came more than once is no text; a schema refuses it where it matters. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function toConfigured({ key, owner, scopes, may_act_for: mayActFor }: ApiKeyConfig) {
  const digest = digestOf(key)
  const id = `assembly-${digest.toString('hex').slice(0, 32)}`
  return { digest, caller: { id, owner, scopes, mayActFor } }
}

function digestOf(secret: string): Buffer {
  return hash('sha256', secret, 'buffer')
}

function missingKey(): Error {
  return refusal({
    status: 401,
    code: 'missing_platform_api_key',
    message: 'an API key is missing',
    details: { header: 'x-api-key' },
  })
}

function wrongKey(): Error {
  return refusal({
    status: 401,
    code: 'invalid_platform_api_key',
    message: 'this API key is not known',
  })
}

function wrongActor(message: string): Error {
  return refusal({ status: 403, code: 'invalid_actor_scope', message })
}
