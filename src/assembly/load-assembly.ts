import { resolve } from 'node:path'
import { builtInEvents } from '../bus/built-in-events.ts'
import type { AnyEvent } from '../bus/event.ts'
import { messageOf } from '../errors.ts'
import type { Validator } from '../schema/validator.ts'
import type { AssembledConnector, Assembly } from './assembly.ts'
import { type BuiltTree, buildTree } from './build-tree.ts'
import { ownConnectors } from './built-in.ts'
import { addFromEnvironment, readEnvironment } from './environment.ts'
import { guessHidden } from './excerpt.ts'
import { type Fault, isError } from './fault.ts'
import { findSecrets, Secrets } from './find-secrets.ts'
import type { HostConfig } from './host-config.ts'
import { type HostStanza, hostSchema } from './host-schema.ts'
import { inspectConnectors, servesCallbacks } from './inspect-connectors.ts'
import type { Variables } from './interpolate.ts'
import type { JsonSchema } from './json-schema.ts'
import { parseYaml } from './parse.ts'
import type { Problem } from './problem.ts'
import { readHost } from './read-host.ts'
import { readValue } from './read-value.ts'
import type { Reading } from './reading.ts'
import { createRedactor } from './redactor.ts'
import { reportFaults } from './report.ts'
import { type SelectedConnector, type Selection, selectConnectors } from './select-connectors.ts'
import { type Place, type Position, positionAt, readSource, type Source } from './source.ts'
import { absentStanza } from './stand-in.ts'
import { locate, type MapTree, type Tree } from './tree.ts'

/** Where an assembly finds what it names. */
export interface LoadOptions {
  /** Variables for `${NAME}`, `!env` and `CARABINER_<ID>_<FIELD>`; they win over `.env` beside the file. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Folder with one folder for each built-in connector. @defaultValue those of this package */
  readonly builtInFolder?: string
  readonly validator: Validator
}

/** An assembly, or everything that is wrong with its file. */
export type LoadedFile =
  | { readonly kind: 'valid'; readonly assembly: Assembly }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/**
 * Reads an assembly from its YAML file: resolves references, imports its connectors, and checks all of it.
 *
 * All problems come back at once, in the order of the file. Nothing is started.
 */
export async function loadAssembly(file: string, options: LoadOptions): Promise<LoadedFile> {
  const path = resolve(file)
  const source = await readSource(path)
  if (!('text' in source)) {
    const { position, message, expected } = source
    return invalid([{ file: path, ...position, path: '', message, expected, excerpt: '' }])
  }
  const parsed = parseYaml(source)
  if (parsed.kind === 'failed') {
    return invalid(reportFaults(parsed.faults, source, guessHidden(source), createRedactor([])))
  }
  const variables = await readEnvironment(path, options.env).catch(messageOf)
  if (typeof variables === 'string') {
    const message = `.env beside the file cannot be read: ${variables}`
    const place = { offset: 0, end: 1 }
    const fault = { place, path: [], message, expected: 'a readable .env, or none' }
    return invalid(reportFaults([fault], source, [], createRedactor([])))
  }
  const built = buildTree(parsed.root, path, variables)
  return new Loader(source, built, variables, options).load(parsed.faults)
}

function invalid(problems: readonly Problem[]): LoadedFile {
  return { kind: 'invalid', problems }
}

/** One file on its way to an assembly. */
class Loader {
  readonly #source: Source
  readonly #root: Tree
  readonly #variables: Variables
  readonly #options: LoadOptions
  readonly #faults: Fault[]
  readonly #warnings: Fault[] = []
  readonly #secrets = new Secrets()

  constructor(source: Source, built: BuiltTree, variables: Variables, options: LoadOptions) {
    this.#source = source
    this.#root = built.tree
    this.#variables = variables
    this.#options = options
    this.#faults = [...built.faults]
    for (const secret of built.secrets) this.#secrets.addValue(secret)
  }

  async load(faults: readonly Fault[]): Promise<LoadedFile> {
    this.#faults.push(...faults)
    findSecrets(this.#root, this.#secrets)
    if (this.#root.kind !== 'map') return this.#refuse(this.#notAMap())

    const root = this.#root
    const { builtInFolder: builtIn = ownConnectors() } = this.#options
    const selection = await selectConnectors(root, this.#source.file, builtIn)
    this.#faults.push(...selection.faults)
    const host = this.#readHost(root)
    const stanzas = selection.connectors.map((selected) => this.#readStanza(root, selected))
    const events = this.#collectEvents(selection)
    // Problems of what does not fit its schema, or of events that are not known, would only repeat or mislead.
    if (selection.complete) {
      const inspection = {
        root,
        stanzas,
        events,
        host: host?.config,
        callbacks: servesCallbacks(selection.connectors),
        validator: this.#options.validator,
      }
      const found = inspectConnectors(selection.connectors, inspection, this.#faults)
      for (const fault of found) (isError(fault) ? this.#faults : this.#warnings).push(fault)
    }
    if (this.#faults.length > 0 || host === undefined) return this.#refuse()

    const connectors = selection.connectors.map((selected, index) =>
      assembled(selected, stanzas[index], positionAt(this.#source, selected.place.offset)),
    )
    const placeOf = new Map(selection.connectors.map(({ id, place }) => [id, place]))
    return { kind: 'valid', assembly: this.#assembly(host, connectors, events, placeOf) }
  }

  #assembly(
    host: { readonly config: HostConfig; readonly stanza: unknown },
    connectors: readonly AssembledConnector[],
    events: readonly AnyEvent[],
    placeOf: ReadonlyMap<string, Place>,
  ): Assembly {
    const root = this.#root
    const source = this.#source
    const { places: hidden, values } = this.#secrets
    const redactor = createRedactor(values)
    return {
      file: source.file,
      host: host.config,
      hostStanza: host.stanza,
      production: this.#variables('NODE_ENV') === 'production',
      connectors,
      events,
      redactor,
      warnings: reportFaults(this.#warnings, source, hidden, redactor),
      position(path) {
        const { place, whole } = locate(root, path)
        return whole ? positionAt(source, place.offset) : undefined
      },
      problemsOf(id, complaints) {
        const place = placeOf.get(id) ?? root.place
        const faults = complaints.map((each) => ({ ...each, place, path: ['connectors', id] }))
        return reportFaults(faults, source, hidden, redactor)
      },
    }
  }

  #refuse(...more: readonly Fault[]): LoadedFile {
    const { places, values } = this.#secrets
    const redactor = createRedactor(values)
    return invalid(reportFaults([...this.#faults, ...more], this.#source, places, redactor))
  }

  #notAMap(): Fault {
    const message = 'the file is not a map'
    const expected = 'a map with `host`, `connectors` and their configuration'
    return { place: this.#root.place, path: [], message, expected }
  }

  #readHost(root: MapTree): { config: HostConfig; stanza: unknown } | undefined {
    const entry = root.entries.get('host')
    const place = entry?.keyPlace ?? root.place
    const tree = this.#completed('host', hostSchema, entry?.tree, place)
    const reading = this.#read(hostSchema, tree, ['host'])
    if (reading.faults.length > 0 || tree.kind === 'hole') return undefined
    // Proof of the cast: it has just been read under the schema of that type.
    const { config, faults } = readHost(reading.value as HostStanza, tree, this.#source.file)
    this.#faults.push(...faults)
    return { config, stanza: reading.stanza }
  }

  #readStanza(root: MapTree, { id, connector, place }: SelectedConnector): Reading {
    const schema: JsonSchema = { ...(connector.config ?? { type: 'object', properties: {} }) }
    const entry = root.entries.get(id)
    const tree = this.#completed(id, schema, entry?.tree, entry?.keyPlace ?? place)
    return this.#read(schema, tree, [id])
  }

  /** A stanza with what the environment adds; one that is not there, or empty, with its defaults. */
  #completed(id: string, schema: JsonSchema, written: Tree | undefined, place: Place): Tree {
    const isEmpty = written?.kind === 'scalar' && written.value === null
    const given = isEmpty ? undefined : written
    const added = addFromEnvironment(id, schema, given, place, this.#variables)
    return added ?? absentStanza(schema, place)
  }

  #read(schema: JsonSchema, tree: Tree, path: readonly [string]): Reading {
    const onSecret = this.#secrets.add.bind(this.#secrets)
    const reading = readValue(schema, tree, path, { validator: this.#options.validator, onSecret })
    this.#faults.push(...reading.faults)
    return reading
  }

  #collectEvents({ connectors }: Selection): AnyEvent[] {
    const owners = new Map<string, { readonly event: AnyEvent; readonly id: string }>()
    for (const event of builtInEvents()) owners.set(event.name, { event, id: 'the host' })
    for (const { id, connector, place } of connectors) {
      for (const event of connector.events ?? []) {
        const owner = owners.get(event.name)
        if (owner === undefined) owners.set(event.name, { event, id })
        else if (owner.event !== event)
          this.#faults.push(duplicateEvent(event.name, owner.id, id, place))
      }
    }
    return [...owners.values()].map(({ event }) => event)
  }
}

function assembled(
  { id, connector, source }: SelectedConnector,
  reading: Reading | undefined,
  named: Position,
): AssembledConnector {
  return { id, connector, source, named, config: reading?.value, stanza: reading?.stanza }
}

function duplicateEvent(name: string, first: string, second: string, place: Place): Fault {
  const message = `the event \`${name}\` is declared by ${first} and by ${second}`
  return {
    place,
    path: ['connectors', second],
    message,
    expected: 'events with names of their own',
  }
}
