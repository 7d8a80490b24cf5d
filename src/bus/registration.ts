import { parseDuration } from '../quantity/duration.ts'
import type { Check, Validator } from '../schema/validator.ts'
import type { AfterContext, HandlerDescription, HandlerOptions } from './handler.ts'
import type { Phase } from './phase.ts'

/** Who is called: what a context tells about itself. */
export interface Callee {
  readonly connector: string
  readonly phase: Phase
  /** What outcomes call it: the connector's id, or `<id>/<name>`. */
  readonly label: string
  readonly timeoutMs: number | undefined
}

/** A handler as the bus keeps it. */
export interface Registration extends Callee {
  readonly name: string
  readonly handler: (context: AfterContext) => unknown
  readonly priority: number
  readonly when: Check | undefined
  readonly sideEffects: boolean
  /** Of a before handler: told what came of the callback it has returned. */
  readonly resolved: HandlerOptions['resolved']
  readonly describe: HandlerDescription | undefined
  /** Its connector's place in the assembly. */
  rank: number
  /** Disposed: it is not called any more, not even by a dispatch that has begun. */
  isGone: boolean
}

/** What is collected for the outbox after an event. */
export interface OweRegistration<Owed> extends Callee {
  readonly name: string
  readonly collect: (context: AfterContext) => readonly Owed[]
  readonly when: Check | undefined
  readonly describe: HandlerDescription | undefined
  rank: number
  isGone: boolean
}

export type OweOptions = Pick<HandlerOptions, 'when' | 'name' | 'describe'>

const oweOptionNames = new Set(['when', 'name', 'describe'])
const optionNames = new Set([...oweOptionNames, 'timeout', 'priority', 'sideEffects', 'resolved'])

/** @throws {TypeError} what a connector's author did wrong; {CarabinerError} QUANTITY_INVALID for the timeout */
export function makeRegistration(
  place: { readonly connector: string; readonly phase: Phase; readonly hook: string },
  handler: (context: AfterContext) => unknown,
  options: HandlerOptions,
  validator: Validator,
): Omit<Registration, 'rank'> {
  const { connector, phase } = place
  const who = `the handler of \`${connector}\` for \`${place.hook}\``
  checkHandler(who, handler, options, optionNames)
  checkResolved(who, phase, options.resolved)
  const { name, priority = 0, timeout, when, sideEffects = false, resolved, describe } = options
  if (!Number.isSafeInteger(priority)) throw new TypeError(`the priority of ${who} is no integer`)
  return {
    connector,
    phase,
    label: labelOf(connector, name),
    name: name ?? connector,
    handler,
    priority,
    timeoutMs: timeout === undefined ? undefined : parseDuration(timeout),
    when: when && compileWhen(who, when, validator),
    sideEffects,
    resolved,
    describe,
    isGone: false,
  }
}

/** Stands for a handler that has been called, perhaps in another process, and is not there any more. */
export function goneRegistration(
  connector: string,
  phase: Phase,
  label: string = connector,
): Registration {
  return {
    ...{ connector, phase, label, name: label, handler: () => undefined, priority: 0, rank: 0 },
    ...{ timeoutMs: undefined, when: undefined, resolved: undefined, describe: undefined },
    ...{ sideEffects: false, isGone: true },
  }
}

/** @param place - `who`: what errors call it. @throws {TypeError} what a connector's author did wrong */
export function makeOweRegistration<Owed>(
  place: { readonly connector: string; readonly who: string },
  collect: (context: AfterContext) => readonly Owed[],
  options: OweOptions,
  validator: Validator,
): Omit<OweRegistration<Owed>, 'rank'> {
  const { connector, who } = place
  checkHandler(who, collect, options, oweOptionNames)
  const { name, when, describe } = options
  return {
    connector,
    phase: 'after',
    label: labelOf(connector, name),
    name: name ?? connector,
    timeoutMs: undefined,
    collect,
    when: when && compileWhen(who, when, validator),
    describe,
    isGone: false,
  }
}

function labelOf(connector: string, name: string | undefined): string {
  return name === undefined ? connector : `${connector}/${name}`
}

/** Refuses what is no function, and options that do not exist. */
function checkHandler(
  who: string,
  handler: unknown,
  options: object,
  known: ReadonlySet<string>,
): void {
  if (typeof handler !== 'function') throw new TypeError(`${who} is no function`)
  for (const option of Object.keys(options)) {
    if (!known.has(option)) throw new TypeError(`${who} has an unknown option \`${option}\``)
  }
}

/** Refuses what would never be called. */
function checkResolved(who: string, phase: Phase, resolved: unknown): void {
  if (resolved === undefined) return
  if (phase !== 'before')
    throw new TypeError(`${who} has \`resolved\`: that is for before handlers`)
  if (typeof resolved !== 'function') throw new TypeError(`\`resolved\` of ${who} is no function`)
}

/** A condition on the params. A schema that cannot be used is found now, not when the event comes. */
function compileWhen(who: string, when: object, validator: Validator): Check {
  const problem = validator.problem(when)
  if (problem !== undefined) throw new TypeError(`\`when\` of ${who}: ${problem}`)
  return validator.compile(when)
}
