import { hash, randomBytes } from 'node:crypto'
import { matchesPattern } from '../quantity/glob.ts'

/** Who may call, for whom, and what: an API key without its secret. */
export interface ApiKey {
  readonly id: string
  /** Whose key it is: `agent://acme/ops`. */
  readonly owner: string
  /** What it may do; `all`: everything. */
  readonly scopes: readonly string[] | 'all'
  /** Patterns of other owners that it may act for: `agent://acme/*`. */
  readonly mayActFor: readonly string[]
  /** What people call it. */
  readonly name: string | null
  /** UTC milliseconds. */
  readonly createdAt: number
  readonly revokedAt: number | null
}

/** What a new key is to be. */
export interface NewApiKey {
  /** 3 to 255 characters. */
  readonly owner: string
  /** @defaultValue `all` */
  readonly scopes?: readonly string[] | 'all'
  /** @defaultValue none */
  readonly mayActFor?: readonly string[]
  readonly name?: string
}

/** Whether a key may act for an owner: its own, or one that a pattern of `mayActFor` matches. */
export function actsFor(key: Pick<ApiKey, 'owner' | 'mayActFor'>, owner: string): boolean {
  return owner === key.owner || key.mayActFor.some((pattern) => matchesPattern(pattern, owner))
}

/** Whether a key may do something. */
export function hasScope({ scopes }: Pick<ApiKey, 'scopes'>, scope: string): boolean {
  return scopes === 'all' || scopes.includes(scope)
}

/** A secret that nobody guesses: 32 random bytes, after a mark by which leaked ones are found. */
export function newKeySecret(): string {
  return `cbk_${randomBytes(32).toString('base64url')}`
}

/** What is kept of a secret. It is random and long: a plain digest tells nothing of it. */
export function digestOfKey(secret: string): string {
  return hash('sha256', secret)
}
