import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export interface SpawnOptions {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** A program as a process of its own. */
export interface Spawned extends AsyncDisposable {
  readonly child: ChildProcess
  /** Gives it a line on standard input. */
  write(line: string): void
  /** Resolves to the next line of standard output. */
  line(): Promise<string>
  /** Resolves when standard error has said it. */
  said(pattern: RegExp): Promise<void>
  readonly err: () => string
  exit(): Promise<number | NodeJS.Signals>
}

/** Starts a program; killed when it is disposed. */
export function spawnProgram(
  program: string,
  args: readonly string[],
  { cwd, env }: SpawnOptions,
): Spawned {
  const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    child.emit('said')
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit').then(([code, signal]) => code ?? signal)
  return {
    child,
    write: (line) => void child.stdin.write(`${line}\n`),
    async line() {
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`the process ended: ${err}`)
      return value
    },
    async said(pattern) {
      while (!pattern.test(err)) await once(child, 'said')
    },
    err: () => err,
    exit: () => ended,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
