import type { Place } from './source.ts'

/** A YAML value with the places it was written at: anchors, merge keys and interpolations are resolved, types are not checked. */
export type Tree = MapTree | ListTree | ScalarTree | Hole

export interface MapTree {
  readonly kind: 'map'
  readonly place: Place
  readonly entries: ReadonlyMap<string, Entry>
  /** Values of keys that were there before, or may not be. */
  readonly leftOut?: readonly Place[]
}

export interface Entry {
  readonly keyPlace: Place
  readonly tree: Tree
}

export interface ListTree {
  readonly kind: 'list'
  readonly place: Place
  readonly items: readonly Tree[]
}

export interface ScalarTree {
  readonly kind: 'scalar'
  readonly place: Place
  readonly value: Scalar
  /** A text that takes the type the schema wants: a sole `${…}`, `!env`, or a variable of the environment. */
  readonly loose: boolean
  /** Whether the value came from elsewhere than the file, and must not be quoted in messages. */
  readonly substituted: boolean
  /** The variable that says it, of what does not stand in the file at all. */
  readonly variable?: string
}

/** Where a value should be and could not be had; its problem has been reported. */
interface Hole {
  readonly kind: 'hole'
  readonly place: Place
}

export type Scalar = string | number | boolean | null

/** Keys and indexes from a value down. */
export type Path = readonly (string | number)[]

/** The plain value of a tree; holes are `undefined`. */
export function plainValue(tree: Tree): unknown {
  switch (tree.kind) {
    case 'map':
      return Object.fromEntries([...tree.entries].map(([key, { tree }]) => [key, plainValue(tree)]))
    case 'list':
      return tree.items.map(plainValue)
    case 'scalar':
      return tree.value
    case 'hole':
      return undefined
  }
}

/** A tree of a plain JSON value that the file does not spell out: for defaults. All of it is where a place begins. */
export function treeOf(value: unknown, { offset }: Place): Tree {
  const place = { offset, end: offset }
  if (Array.isArray(value)) {
    return { kind: 'list', place, items: value.map((item) => treeOf(item, place)) }
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(
      ([key, inner]) => [key, { keyPlace: place, tree: treeOf(inner, place) }] as const,
    )
    return { kind: 'map', place, entries: new Map(entries) }
  }
  const isScalar = typeof value === 'string' || typeof value === 'number' || value === null
  if (!isScalar && typeof value !== 'boolean') return { kind: 'hole', place }
  return { kind: 'scalar', place, value, loose: false, substituted: false }
}

export function emptyMap(place: Place): MapTree {
  return { kind: 'map', place, entries: new Map() }
}

/** Goes down a path as far as the tree spells it out. `whole`: all of it was there. */
export function locate(tree: Tree, path: Path): { readonly place: Place; readonly whole: boolean } {
  let current: Tree = tree
  let place = tree.place
  for (const step of path) {
    const next = child(current, step)
    if (next === undefined) return { place, whole: false }
    current = next
    place = next.place
  }
  return { place, whole: true }
}

function child(tree: Tree, step: string | number): Tree | undefined {
  if (tree.kind === 'map') return tree.entries.get(String(step))?.tree
  return tree.kind === 'list' ? tree.items[Number(step)] : undefined
}

/** A path as people write it: `webhooks[0].events`. */
export function printPath(path: Path): string {
  return path.reduce<string>((text, step) => text + printStep(step, text === ''), '')
}

function printStep(step: string | number, first: boolean): string {
  if (typeof step === 'number') return `[${step}]`
  if (!/^[\w$-]+$/.test(step)) return `[${JSON.stringify(step)}]`
  return first ? step : `.${step}`
}
