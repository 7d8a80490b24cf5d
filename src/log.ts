import { type DestinationStream, pino } from 'pino'
import type { LogLevel } from './assembly/host-config.ts'
import type { Redactor } from './assembly/redactor.ts'
import type { Logger } from './bus/handler.ts'

/** A logger that can be narrowed to a part of the host. */
export interface HostLogger extends Logger {
  child(fields: object): Logger
}

/** How a host's log is made. */
export interface LogOptions {
  readonly level: LogLevel
  readonly format: 'pretty' | 'json'
  readonly name: string
  /** Takes secrets out of every line, whatever field they are in. */
  readonly redactor: Redactor
  /** Where whole lines go, newline included. */
  readonly write: (line: string) => void
}

/** A pino logger whose lines pass the redactor before anyone sees them. */
export async function createLogger(options: LogOptions): Promise<HostLogger> {
  const { level, name, redactor, write } = options
  const masked: DestinationStream = { write: (line) => write(redactor.text(line)) }
  const stream = options.format === 'json' ? masked : await prettyStream(masked)
  const { isoTime } = pino.stdTimeFunctions
  const logger: HostLogger = pino({ level, name, base: { name }, timestamp: isoTime }, stream)
  return logger
}

async function prettyStream(masked: DestinationStream): Promise<DestinationStream> {
  const { prettyFactory } = await import('pino-pretty')
  const pretty = prettyFactory({ colorize: false, ignore: 'pid,hostname,name', singleLine: true })
  return { write: (line) => masked.write(pretty(JSON.parse(line)) ?? line) }
}
