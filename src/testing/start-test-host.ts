import { resolve } from 'node:path'
import { type AssemblyInput, assemble } from '../assembly/assemble.ts'
import type { DispatchEvent } from '../bus/dispatch-event.ts'
import type { Clock } from '../clock.ts'
import { startHost } from '../host.ts'
import type { HostLogger } from '../log.ts'
import { Validator } from '../schema/validator.ts'

/** A host for a connector's tests. */
export interface TestHost extends AsyncDisposable {
  readonly dispatch: DispatchEvent
  /** What handlers logged, as they logged it. */
  readonly logged: readonly LogLine[]
}

/** One line as a handler logged it. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly fields: object
  readonly message: string | undefined
}

/** How a test's host differs from one that runs. */
export interface TestHostOptions {
  /** The `host` stanza. @defaultValue `{ store: 'memory:' }` */
  readonly host?: Readonly<Record<string, unknown>>
  readonly clock?: Clock
}

/**
 * Starts a host with the connectors given, as an assembly would, on a store in memory and without listeners.
 *
 * @throws {CarabinerError} ASSEMBLY_INVALID when a configuration does not fit its connector's schema
 * @example
 * ```ts
 * import { defineConnector, defineEvent } from 'carabiner'
 * import { startTestHost } from 'carabiner/testing'
 *
 * const ping = defineEvent('ping')
 * const pinger = defineConnector({ name: 'pinger', events: [ping], setup({ on }) { on(ping, () => 'pong') } })
 *
 * await using host = await startTestHost({ pinger: { connector: pinger } })
 * const outcome = await host.dispatch(ping, {})
 * ```
 */
export async function startTestHost(
  connectors: AssemblyInput['connectors'],
  { host: stanza, clock }: TestHostOptions = {},
): Promise<TestHost> {
  const validator = new Validator({ allErrors: true })
  const input = { connectors, host: { store: 'memory:', ...stanza } }
  const assembly = assemble(input, validator, resolve('carabiner.yaml'))
  const logged: LogLine[] = []
  const host = await startHost({
    assembly,
    validator,
    log: recordingLogger(logged, {}),
    listen: false,
    ...(clock !== undefined && { clock }),
  })
  return {
    dispatch: host.dispatch.bind(host),
    logged,
    [Symbol.asyncDispose]: () => host.stop('test'),
  }
}

function recordingLogger(lines: LogLine[], bound: object): HostLogger {
  const record =
    (level: LogLine['level']) =>
    (fields: object, message?: string): void => {
      lines.push({ level, fields: { ...bound, ...fields }, message })
    }
  return {
    debug: record('debug'),
    info: record('info'),
    warn: record('warn'),
    error: record('error'),
    child: (fields) => recordingLogger(lines, { ...bound, ...fields }),
  }
}
