import { readFileSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type Alias,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type ParsedNode,
  type Scalar as ScalarNode,
  type YAMLMap,
  type YAMLSeq,
} from 'yaml'
import { messageOf } from '../errors.ts'
import { looksSecret } from './credentials.ts'
import type { Fault } from './fault.ts'
import { restoreReferences } from './guarded-text.ts'
import { type Interpolation, interpolate, readVariable, type Variables } from './interpolate.ts'
import type { Place } from './source.ts'
import type { Entry, ListTree, MapTree, Path, Scalar, Tree } from './tree.ts'

/** What a tree is built with, and what was found on the way. */
export interface BuiltTree {
  readonly tree: Tree
  readonly faults: readonly Fault[]
  /** Values that came from variables with a name like a secret's, and from `!file`. */
  readonly secrets: ReadonlySet<string>
}

const mostValues = 100_000
const longestIncludedFile = 1024 * 1024

/** Resolves anchors, merge keys, tags and interpolations of a YAML document. All that is wrong with them comes back at once. */
export function buildTree(root: ParsedNode, file: string, variables: Variables): BuiltTree {
  const builder = new TreeBuilder(dirname(file), variables)
  const tree = builder.build(root, [])
  return { tree, faults: builder.faults, secrets: builder.secrets }
}

class TreeBuilder {
  readonly faults: Fault[] = []
  readonly secrets = new Set<string>()
  readonly #folder: string
  readonly #variables: Variables
  readonly #anchors = new Map<string, Node>()
  readonly #targets = new Map<Alias, Node>()
  readonly #open = new Set<Node>()
  #expanding = 0
  #values = 0

  constructor(folder: string, variables: Variables) {
    this.#folder = folder
    this.#variables = variables
  }

  build(node: Node | null, path: Path, at: Place = placeOf(node)): Tree {
    this.#values += 1
    if (this.#values > mostValues) return this.#tooMany(at, path)
    if (node === null) return scalar(at, null)
    if (isAlias(node)) return this.#alias(node, path)
    // A later anchor of the same name counts from there on; what an alias repeats defines nothing anew.
    if (this.#expanding === 0 && 'anchor' in node && node.anchor !== undefined) {
      this.#anchors.set(node.anchor, node)
    }
    if (isMap(node)) return this.#within(node, () => this.#map(node, path))
    if (isSeq(node)) return this.#within(node, () => this.#list(node, path))
    if (isScalar(node)) return this.#scalar(node, path)
    return this.#fault(placeOf(node), path, 'not a YAML value', 'a text, a list or a map')
  }

  #within<T>(node: Node, build: () => T): T {
    this.#open.add(node)
    const tree = build()
    this.#open.delete(node)
    return tree
  }

  #alias(alias: Alias, path: Path): Tree {
    const target = this.#targets.get(alias) ?? this.#anchors.get(alias.source)
    const place = placeOf(alias)
    if (target === undefined) {
      return this.#fault(
        place,
        path,
        `no anchor \`&${alias.source}\` before this`,
        'an anchor above',
      )
    }
    this.#targets.set(alias, target)
    if (this.#open.has(target)) {
      return this.#fault(
        place,
        path,
        `\`*${alias.source}\` contains itself`,
        'an anchor of something else',
      )
    }
    this.#expanding += 1
    const tree = this.build(target, path)
    this.#expanding -= 1
    return tree
  }

  #list(node: YAMLSeq, path: Path): ListTree {
    const items: Tree[] = []
    // Proof of the cast: a parsed list holds nodes.
    for (const item of node.items as (Node | null)[]) {
      items.push(this.build(item, [...path, items.length], placeOf(item ?? node)))
      if (this.#values > mostValues) break
    }
    return { kind: 'list', place: placeOf(node), items }
  }

  #map(node: YAMLMap, path: Path): MapTree {
    const entries = new Map<string, Entry>()
    const merged: Tree[] = []
    const leftOut: Place[] = []
    // Proof of the cast: a parsed map holds nodes.
    for (const { key, value } of node.items as { key: Node | null; value: Node | null }[]) {
      const keyPlace = placeOf(key ?? node)
      const name = keyOf(key)
      if (name === undefined) {
        this.#fault(keyPlace, path, 'a key that is not a text', 'a plain key')
        continue
      }
      const tree = this.build(value, [...path, name], value === null ? keyPlace : undefined)
      if (this.#values > mostValues) break
      if (name === '<<' && isScalar(key) && key.type === 'PLAIN') merged.push(tree)
      else if (!this.#addEntry(entries, name, { keyPlace, tree }, path)) leftOut.push(tree.place)
    }
    for (const tree of merged) this.#merge(entries, tree, path)
    return { kind: 'map', place: placeOf(node), entries, leftOut }
  }

  /** Gives whether the entry was taken. */
  #addEntry(entries: Map<string, Entry>, name: string, entry: Entry, path: Path): boolean {
    const inside = [...path, name]
    if (name === '__proto__') {
      this.#fault(entry.keyPlace, inside, 'unknown key `__proto__`', 'another name')
    } else if (entries.has(name)) {
      this.#fault(entry.keyPlace, inside, `\`${name}\` is there twice`, 'each key once')
    } else {
      entries.set(name, entry)
      return true
    }
    return false
  }

  /** What a map says itself wins over what is merged in; of several, the earlier one wins. */
  #merge(entries: Map<string, Entry>, tree: Tree, path: Path): void {
    if (tree.kind === 'hole') return
    if (tree.kind === 'list') {
      for (const item of tree.items) this.#merge(entries, item, path)
    } else if (tree.kind === 'map') {
      for (const [name, entry] of tree.entries) if (!entries.has(name)) entries.set(name, entry)
    } else {
      this.#fault(
        tree.place,
        [...path, '<<'],
        '`<<` merges something that is no map',
        'a map, or a list of maps',
      )
    }
  }

  #scalar(node: ScalarNode, path: Path): Tree {
    const place = placeOf(node)
    const text = typeof node.value === 'string' ? restoreReferences(node.value) : undefined
    if (text === undefined) return scalar(place, scalarValue(node))
    if (node.tag === '!file') return this.#include(text, place, path)

    const isVariable = node.tag === '!env'
    const result = isVariable
      ? readVariable(text, this.#variables)
      : interpolate(text, this.#variables)
    if (result.kind === 'literal') return scalar(place, result.text)
    if (result.kind === 'failed') return this.#fault(place, path, result.message, result.expected)
    this.#remember(result)
    const loose = result.sole && (isVariable || (node.type === 'PLAIN' && node.tag === undefined))
    return { kind: 'scalar', place, value: result.text, loose, substituted: true }
  }

  #remember({ names }: Interpolation & { kind: 'substituted' }): void {
    for (const name of names) {
      const value = this.#variables(name)
      if (looksSecret(name) && value !== undefined) this.secrets.add(value)
    }
  }

  #include(path: string, place: Place, at: Path): Tree {
    const file = resolve(this.#folder, path)
    try {
      const { size } = statSync(file)
      if (size > longestIncludedFile) {
        return this.#fault(place, at, `the file ${path} is too large`, 'at most 1 MiB')
      }
      const value = readFileSync(file, 'utf8').replace(/\r?\n$/, '')
      this.secrets.add(value)
      return { kind: 'scalar', place, value, loose: false, substituted: true }
    } catch (error) {
      return this.#fault(place, at, `cannot read ${path}: ${messageOf(error)}`, 'a readable file')
    }
  }

  #tooMany(place: Place, path: Path): Tree {
    // Said once; everything after it is left out.
    if (this.#values > mostValues + 1) return { kind: 'hole', place }
    return this.#fault(
      place,
      path,
      'the aliases expand to too many values',
      `at most ${mostValues} values`,
    )
  }

  #fault(place: Place, path: Path, message: string, expected: string): Tree {
    this.faults.push({ place, path, message, expected })
    return { kind: 'hole', place }
  }
}

function scalar(place: Place, value: Scalar): Tree {
  return { kind: 'scalar', place, value, loose: false, substituted: false }
}

function scalarValue({ value, source }: ScalarNode): Scalar {
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return value
  return source ?? String(value)
}

/** A key as it was written: `200` and `true` are texts here. */
function keyOf(key: Node | null): string | undefined {
  if (!isScalar(key)) return undefined
  if (key.value === null)
    return key.source === undefined || key.source === '' ? undefined : key.source
  if (typeof key.value === 'string') return restoreReferences(key.value)
  return key.source ?? String(key.value)
}

function placeOf(node: Node | null): Place {
  const [offset = 0, end = offset + 1] = node?.range ?? []
  return { offset, end: Math.max(end, offset + 1) }
}
