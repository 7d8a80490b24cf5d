import type { Phase } from '../bus/phase.ts'
import { describeHandlers } from '../describe.ts'
import { type RunningHost, wireHost } from '../host.ts'
import { openApiDocument } from '../openapi/document.ts'
import { packageVersion } from '../own-package.ts'
import type { AssemblyDescription, DescribedHandler } from '../server/host-face.ts'
import { type CliContext, shownPath } from './context.ts'
import { commandLogger, type LoadedAssembly, loadForCommand } from './load.ts'

/** The assembly the command is about, wired up to be looked at. */
export async function rehearse(context: CliContext): Promise<Rehearsal> {
  return rehearseAssembly(context, await loadForCommand(context))
}

/**
 * Wires an assembly up to be looked at: connectors are set up against a store in memory, nothing is dispatched or sent.
 *
 * @throws {AssemblyError} connectors handle events that nobody declares
 * @throws {AggregateError} connectors that could not be set up
 */
export async function rehearseAssembly(
  context: CliContext,
  loaded: LoadedAssembly,
): Promise<Rehearsal> {
  const log = await commandLogger(context, loaded.assembly, 'warn')
  return new Rehearsal(context, await wireHost({ ...loaded, log }))
}

/** One handler as `explain` lists it. */
export type ExplainedHandler = Omit<DescribedHandler, 'event' | 'phase'>

export interface Explanation {
  readonly event: string
  readonly before: readonly ExplainedHandler[]
  readonly on: readonly ExplainedHandler[]
  readonly after: readonly ExplainedHandler[]
  /** How long the event can be held at worst, in milliseconds. */
  readonly worstCaseMs: number
}

export class Rehearsal implements AsyncDisposable {
  readonly #context: CliContext
  readonly #host: RunningHost

  constructor(context: CliContext, host: RunningHost) {
    this.#context = context
    this.#host = host
  }

  describe(): AssemblyDescription {
    return this.#host.describe()
  }

  /** What it answers over HTTP, in OpenAPI 3.1, as `GET /openapi.json` tells it. */
  describeApi(): unknown {
    const { assembly, routes } = this.#host
    const document = openApiDocument({
      routes: routes.map(({ route }) => route),
      version: packageVersion(),
      publicUrl: assembly.host.server.publicUrl,
    })
    return assembly.redactor.value(document)
  }

  /** @throws {CarabinerError} EVENT_UNKNOWN */
  explain(name: string): Explanation {
    const { assembly, bus } = this.#host
    const event = bus.event(name)
    const handlers = describeHandlers(event, assembly, bus)
    const phase = (wanted: Phase): readonly ExplainedHandler[] =>
      handlers.filter((each) => each.phase === wanted).map((each) => this.#explain(each))
    const phases = { before: phase('before'), on: phase('on'), after: phase('after') }
    const limitMs = event.timeoutMs ?? assembly.host.eventTimeoutMs
    return { event: event.name, ...phases, worstCaseMs: worstCaseMs(phases, limitMs) }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#host.abandon()
  }

  #explain({ event: _event, phase: _phase, ...handler }: DescribedHandler): ExplainedHandler {
    const { file } = this.#host.assembly
    return { ...handler, file: shownPath(this.#context, file) }
  }
}

/**
 * The longest a dispatch can take: priority groups of the before phase one after another, then the slowest connector, then the
 * slowest after handler; never beyond the event's deadline. A handler without a limit of its own can use up the deadline.
 * What is owed (kind `delivery`) is stored, not waited for.
 */
function worstCaseMs(
  handlers: Readonly<Record<'before' | 'on' | 'after', readonly ExplainedHandler[]>>,
  deadlineMs: number,
): number {
  const limitOf = (handler: ExplainedHandler): number => {
    if (handler.kind === 'delivery' || handler.mode === 'shadow' || handler.mode === 'off') return 0
    return handler.timeoutMs ?? deadlineMs
  }
  const slowest = (group: readonly ExplainedHandler[]): number => Math.max(0, ...group.map(limitOf))
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

  const beforeMs = sum(
    [...Map.groupBy(handlers.before, (each) => each.priority).values()].map(slowest),
  )
  const perConnector = [...Map.groupBy(handlers.on, (each) => each.connector).values()]
  const onMs = Math.max(0, ...perConnector.map((group) => sum(group.map(limitOf))))
  return Math.min(deadlineMs, beforeMs + onMs + slowest(handlers.after))
}
