import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import type { LogLevel } from '../assembly/host-config.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { Terminal } from './terminal.ts'

/** What every command gets: the process, reduced to what commands may touch. */
export interface CliContext {
  readonly terminal: Terminal
  readonly env: Readonly<Record<string, string | undefined>>
  /** Where the user stands: relative paths on the command line start here. */
  readonly cwd: string
  readonly options: GlobalOptions
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal
  readonly stdin: () => Promise<Uint8Array>
  /** Asks the person at the terminal; `undefined` where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** Calls `run` on every SIGHUP until disposed. */
  readonly onHangUp: (run: () => void) => Disposable
}

export interface GlobalOptions {
  readonly config: string | undefined
  readonly json: boolean
  readonly logLevel: LogLevel | undefined
}

const assemblyFiles = ['carabiner.yaml', 'config/carabiner.yaml']

/**
 * The assembly the command is about: `--config`, `$CARABINER_CONFIG`, `carabiner.yaml`, `config/carabiner.yaml`.
 *
 * @throws {CarabinerError} USAGE when there is none
 */
export function assemblyFile(context: CliContext, named?: string): string {
  const asked = named ?? context.options.config ?? context.env['CARABINER_CONFIG']
  if (asked !== undefined) {
    const file = resolve(context.cwd, asked)
    if (existsSync(file)) return file
    throw new CarabinerError('USAGE', `expected an assembly file at ${asked}: no such file`)
  }
  const found = assemblyFiles
    .map((each) => resolve(context.cwd, each))
    .find((each) => existsSync(each))
  if (found !== undefined) return found
  throw new CarabinerError(
    'USAGE',
    `no assembly here: expected ${assemblyFiles.join(' or ')}, or --config FILE; \`carabiner init\` writes one`,
  )
}

/** Whether there is an assembly here. A file that was named and is missing counts: the command then says so. */
export function hasAssembly(context: CliContext): boolean {
  if (context.options.config !== undefined || context.env['CARABINER_CONFIG'] !== undefined)
    return true
  return assemblyFiles.some((each) => existsSync(resolve(context.cwd, each)))
}

/** A file as the user would name it from where they stand. */
export function shownPath({ cwd }: Pick<CliContext, 'cwd'>, file: string): string {
  return relative(cwd, file) || '.'
}

/** Reads an argument: `@FILE`, `-` for standard input, or the text itself. */
export async function readArgument(context: CliContext, source: string): Promise<Uint8Array> {
  if (source === '-') return context.stdin()
  if (!source.startsWith('@')) return new TextEncoder().encode(source)
  const file = resolve(context.cwd, source.slice(1))
  try {
    return await readFile(file)
  } catch (error) {
    throw new CarabinerError('USAGE', `cannot read ${source.slice(1)}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

/** A JSON object, and the text it was read from. */
export interface JsonArgument {
  readonly value: Readonly<Record<string, unknown>>
  readonly text: string
}

/** Reads an argument as a JSON object; without one it is empty. @throws {CarabinerError} USAGE when it is none */
export async function readJsonObject(
  context: CliContext,
  option: string,
  source: string | undefined,
): Promise<JsonArgument> {
  if (source === undefined) return { value: {}, text: '{}' }
  const text = new TextDecoder().decode(await readArgument(context, source))
  const value = parseJson(option, text)
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return { value: { ...value }, text }
  throw new CarabinerError(
    'USAGE',
    `expected a JSON object for ${option}, got ${text.slice(0, 60)}`,
  )
}

function parseJson(option: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CarabinerError('USAGE', `expected JSON for ${option}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}
