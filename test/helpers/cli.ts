import { fileURLToPath } from 'node:url'
import { runProgram } from '../../src/cli/program.ts'
import { nodeEnvironment } from './node-environment.ts'
import { type Spawned, spawnProgram } from './spawned.ts'

export interface CliResult {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface CliOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  /** What the person at the terminal answers. */
  readonly answer?: string
  readonly signal?: AbortSignal
  /** Whether standard output is a terminal. @defaultValue false */
  readonly terminal?: boolean
  /** Called with each line of standard output. */
  readonly onOut?: (text: string) => void
}

/** Runs one command line in this process: everything but the edge where the real streams and signals are. */
export async function carabiner(args: readonly string[], options: CliOptions): Promise<CliResult> {
  const { cwd, env = {}, stdin = '', answer, signal = new AbortController().signal } = options
  const out: string[] = []
  const err: string[] = []
  const surroundings = {
    env,
    cwd,
    signal,
    stdin: async () => new TextEncoder().encode(stdin),
    ask: answer === undefined ? undefined : async () => answer,
    onHangUp: () => ({ [Symbol.dispose]() {} }),
  }
  const isTTY = options.terminal ?? false
  const write = (text: string): void => {
    out.push(text)
    options.onOut?.(text)
  }
  const code = await runProgram(
    args,
    surroundings,
    { isTTY, write },
    { isTTY, write: (text) => err.push(text) },
  )
  return { code, out: out.join(''), err: err.join('') }
}

/** The same with `--json`: the result parsed. */
export async function carabinerJson(
  args: readonly string[],
  options: CliOptions,
): Promise<{ readonly code: number; readonly json: unknown; readonly err: string }> {
  const { code, out, err } = await carabiner([...args, '--json'], options)
  return { code, json: out === '' ? undefined : JSON.parse(out), err }
}

const sources = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url))
const built = process.env['CARABINER_TEST_PROGRAM']
/** What Node is given to run the command line: as it ships, when `npm test` has built it, or from its sources. */
export const program: readonly string[] =
  built === undefined ? ['--conditions=source', sources] : [built]

/** A command line as a process of its own. */
export type CliProcess = Spawned

/** Starts a command line as a process of its own; killed when it is disposed. */
export function spawnCarabiner(
  args: readonly string[],
  { cwd, env = {} }: Pick<CliOptions, 'cwd' | 'env'>,
): CliProcess {
  return spawnProgram(process.execPath, [...program, ...args], { cwd, env: nodeEnvironment(env) })
}
