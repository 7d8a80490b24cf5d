import { suggestion } from '../bus/suggestion.ts'
import type { Connector } from '../connector/connector.ts'
import { builtInConnectors, findBuiltIn } from './built-in.ts'
import { idProblem } from './connector-id.ts'
import { either } from './describe-schema.ts'
import type { Fault } from './fault.ts'
import { failedImport, importConnectors } from './import-connectors.ts'
import type { Place } from './source.ts'
import type { MapTree, Path, Tree } from './tree.ts'

/** A connector that the assembly makes active. */
export interface SelectedConnector {
  readonly id: string
  readonly connector: Connector
  readonly source: string
  /** Where the file names it. */
  readonly place: Place
}

export interface Selection {
  readonly connectors: readonly SelectedConnector[]
  readonly faults: readonly Fault[]
  /** Whether every name led somewhere: otherwise the events are not all known. */
  readonly complete: boolean
}

/** Keys of an assembly that are no stanza. */
const ownKeys = ['host', 'connectors']

/**
 * Finds the connectors that are active, in assembly order: those of `connectors` (a list, or a map of ids), or without that key
 * every built-in one whose stanza is there.
 */
export async function selectConnectors(
  root: MapTree,
  file: string,
  builtInFolder: string,
): Promise<Selection> {
  const selector = new Selector(file, builtInFolder)
  const named = root.entries.get('connectors')
  if (named === undefined) await selector.byStanza(root)
  else if (named.tree.kind === 'list') await selector.byList(named.tree.items)
  else if (named.tree.kind === 'map') await selector.byMap(named.tree)
  else if (named.tree.kind === 'scalar') {
    selector.fault(
      named.keyPlace,
      ['connectors'],
      '`connectors` names no connectors',
      'a list, or a map of ids; [] for none',
    )
  } else selector.complete = false
  if (named !== undefined) selector.refuseInactive(root)
  return selector
}

function stanzas(root: MapTree): [string, Place][] {
  return [...root.entries]
    .filter(([key]) => !ownKeys.includes(key) && !key.startsWith('x-'))
    .map(([key, { keyPlace }]) => [key, keyPlace])
}

class Selector implements Selection {
  readonly connectors: SelectedConnector[] = []
  readonly faults: Fault[] = []
  complete = true
  readonly #file: string
  readonly #builtInFolder: string
  /** Ids that the file names, whether or not they led somewhere. */
  readonly #ids = new Set<string>()
  #idsKnown = true

  constructor(file: string, builtInFolder: string) {
    this.#file = file
    this.#builtInFolder = builtInFolder
  }

  async byStanza(root: MapTree): Promise<void> {
    for (const [key, place] of stanzas(root)) {
      const found = await findBuiltIn(this.#builtInFolder, key)
      if (found.kind === 'found') this.#add(key, found.connector, 'built-in', place, [key])
      else if (found.kind === 'none') await this.#unknownKey(key, place)
      else {
        const { message, expected } = failedImport(key, found.error)
        this.fault(place, [key], message, expected)
        this.complete = false
      }
    }
  }

  async byList(items: readonly Tree[]): Promise<void> {
    for (const [index, item] of items.entries()) {
      const path = ['connectors', index]
      const found = await this.#import(item, path)
      if (found === undefined) this.#idsKnown = false
      for (const connector of found?.connectors ?? []) {
        this.#add(connector.name, connector, found?.source ?? '', item.place, path)
      }
    }
  }

  async byMap(map: MapTree): Promise<void> {
    for (const [id, { tree, keyPlace }] of map.entries) {
      this.#ids.add(id)
      const path = ['connectors', id]
      const wrong = idProblem(id)
      if (wrong !== undefined) this.fault(keyPlace, path, wrong.message, wrong.expected)
      const found = await this.#import(tree, path)
      if (found === undefined || wrong !== undefined) continue
      const [connector, ...others] = found.connectors
      if (connector === undefined || others.length > 0) {
        const message = `${found.source} exports ${found.connectors.length} connectors under one id`
        this.fault(tree.place, path, message, 'a list of connectors, or a file that exports one')
        this.complete = false
      } else {
        this.connectors.push({ id, connector, source: found.source, place: tree.place })
      }
    }
  }

  refuseInactive(root: MapTree): void {
    const active = new Set([...this.#ids, ...this.connectors.map(({ id }) => id)])
    for (const [key, place] of stanzas(root)) {
      if (active.has(key) || !this.#idsKnown) continue
      const near = suggestion(key, [...ownKeys, ...active])
      const message = `\`${key}\` is configured, but no active connector has this id${near}`
      this.fault(place, [key], message, `\`${key}\` among \`connectors\`, or no such key`)
    }
  }

  fault(place: Place, path: Path, message: string, expected: string): void {
    this.faults.push({ place, path, message, expected })
  }

  #add(id: string, connector: Connector, source: string, place: Place, path: Path): void {
    const wrong = idProblem(id)
    if (wrong !== undefined) {
      this.fault(place, path, wrong.message, wrong.expected)
    } else if (this.connectors.some((other) => other.id === id)) {
      const message = `two connectors have the id \`${id}\``
      this.fault(place, path, message, 'a map of ids, where each has its own')
    } else {
      this.connectors.push({ id, connector, source, place })
    }
  }

  async #import(
    tree: Tree,
    path: Path,
  ): Promise<{ readonly connectors: readonly Connector[]; readonly source: string } | undefined> {
    if (tree.kind !== 'scalar' || typeof tree.value !== 'string') {
      this.complete = false
      if (tree.kind !== 'hole') {
        this.fault(
          tree.place,
          path,
          'this names no connector',
          'a path, a package name or a built-in name',
        )
      }
      return undefined
    }
    const found = await importConnectors(tree.value, this.#file, this.#builtInFolder)
    if (found.kind === 'found') return found
    this.complete = false
    const near = await this.#nearBuiltIn(tree.value, found.message)
    this.fault(tree.place, path, found.message + near, found.expected)
    return undefined
  }

  async #nearBuiltIn(name: string, message: string): Promise<string> {
    if (!message.includes('neither a built-in')) return ''
    const known = await builtInConnectors(this.#builtInFolder)
    return suggestion(
      name,
      known.map((each) => each.name),
    )
  }

  async #unknownKey(key: string, place: Place): Promise<void> {
    const builtIn = (await builtInConnectors(this.#builtInFolder)).map(({ name }) => name)
    const known = [...ownKeys, ...builtIn]
    const message = `\`${key}\` is no built-in connector, and there is no \`connectors\` that brings it`
    const expected = `${either(known.map((each) => `\`${each}\``))}, or \`${key}\` among \`connectors\``
    this.fault(place, [key], message + suggestion(key, known), expected)
  }
}
