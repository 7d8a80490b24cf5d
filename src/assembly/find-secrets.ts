import { looksSecret, mayBeSecret } from './credentials.ts'
import type { Place } from './source.ts'
import type { Tree } from './tree.ts'

/** What of an assembly must not be shown: stretches of its text, and values wherever they turn up. */
export class Secrets {
  readonly places: Place[] = []
  readonly values: Set<string> = new Set()

  /** A secret by its schema. */
  add(place: Place, value: unknown): void {
    this.places.push(place)
    this.addValue(value)
  }

  addValue(value: unknown): void {
    if (typeof value === 'string') this.values.add(value)
  }
}

/**
 * Finds what looks like a secret whatever a schema says: values of keys with such a name (typing errors included, for these are
 * what gets shown), of headers, and what URLs carry.
 */
export function findSecrets(tree: Tree, secrets: Secrets): void {
  visit(tree, secrets, { hidden: false, headers: false })
}

interface Within {
  /** Below a key with a secret's name. */
  readonly hidden: boolean
  /** In a map or list of headers. */
  readonly headers: boolean
}

function visit(tree: Tree, secrets: Secrets, within: Within): void {
  switch (tree.kind) {
    case 'map':
      // No schema has looked at these.
      secrets.places.push(...(tree.leftOut ?? []))
      visitHeaderPair(tree, secrets, within)
      for (const [key, entry] of tree.entries) {
        if (within.headers && looksSecret(key)) addHeader(entry.tree, secrets)
        const hidden = within.hidden || mayBeSecret(key)
        visit(entry.tree, secrets, { hidden, headers: within.headers || key === 'headers' })
      }
      return
    case 'list':
      for (const item of tree.items) visit(item, secrets, within)
      return
    case 'scalar':
      if (within.hidden) secrets.places.push(tree.place)
      if (typeof tree.value === 'string') addUrl(tree.value, secrets)
      return
    case 'hole':
      if (within.hidden) secrets.places.push(tree.place)
  }
}

/** `{ name: authorization, value: … }` */
function visitHeaderPair(tree: Tree & { kind: 'map' }, secrets: Secrets, within: Within): void {
  const name = tree.entries.get('name')?.tree
  const value = tree.entries.get('value')?.tree
  if (!within.headers || name?.kind !== 'scalar' || value === undefined) return
  if (looksSecret(String(name.value))) addHeader(value, secrets)
}

/** The whole header, and what follows its scheme: `Bearer …`. */
function addHeader(tree: Tree, secrets: Secrets): void {
  if (tree.kind !== 'scalar') return
  secrets.add(tree.place, tree.value)
  const [, credentials] = /^\S+\s+(\S{6,})$/.exec(String(tree.value)) ?? []
  secrets.addValue(credentials)
}

function addUrl(text: string, secrets: Secrets): void {
  const url = text.includes('://') ? URL.parse(text) : null
  if (url === null) return
  secrets.addValue(decode(url.password))
  for (const value of url.searchParams.values()) if (value.length >= 16) secrets.addValue(value)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a stray `%` is a character of the password
  }
}
