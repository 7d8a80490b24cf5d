import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { CallbackStore } from '../../src/callbacks/callback-book.ts'
import type { CallbackRoutesConfig } from '../../src/callbacks/callback-http.ts'
import { defaultCallbackPrefix } from '../../src/callbacks/callback-url.ts'
import type { CallbackServer } from '../../src/callbacks/conformance/subject.ts'
import { pythonEnvironment } from '../helpers/python.ts'
import { managementKey } from '../helpers/served-host.ts'
import { serveManagementApi } from './management-api.ts'

/** Where the example is. */
export const exampleFolder = fileURLToPath(new URL('../../docs/examples/fastapi', import.meta.url))

/** One process of Python that serves the example in front of management APIs, once for each config. */
export class PythonServers implements AsyncDisposable {
  readonly #process: PythonProcess
  /** Questions are answered in turn. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(python: string) {
    const script = fileURLToPath(new URL('fastapi/servers.py', import.meta.url))
    this.#process = startPython(python, [script], { PYTHONPATH: exampleFolder })
  }

  /** What the servers have logged. */
  get err(): string {
    return this.#process.err()
  }

  async start(store: CallbackStore, config: CallbackRoutesConfig): Promise<CallbackServer> {
    const management = await serveManagementApi(store)
    const url = await this.serve(management.url, config)
    return {
      url,
      async [Symbol.asyncDispose]() {
        await management[Symbol.asyncDispose]()
      },
    }
  }

  /** The URL of a server in front of a host. */
  serve(hostUrl: string, config: CallbackRoutesConfig): Promise<string> {
    const { secret = [], allowUnsigned = false, signatures = [] } = config
    const { pathPrefix = defaultCallbackPrefix } = config
    const question = { secrets: [secret].flat(), allowUnsigned, signatures, pathPrefix }
    const asked = this.#turn.then(() =>
      this.#process.ask(JSON.stringify({ ...question, hostUrl, managementKey })),
    )
    this.#turn = asked.catch(() => undefined) // whoever asked hears of it
    return asked
  }

  /** Resolves when all servers have ended, to the exit code. */
  end(): Promise<number | NodeJS.Signals> {
    this.#process.child.stdin?.end()
    return this.#process.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}

/** A process of Python. */
export interface PythonProcess extends AsyncDisposable {
  readonly child: ChildProcess
  readonly ended: Promise<number | NodeJS.Signals>
  readonly err: () => string
  /** Gives it a line, and resolves to the line it answers. */
  ask(line: string): Promise<string>
  /** Resolves to what standard error has said that fits. @throws when the process ends before */
  said(pattern: RegExp): Promise<string>
}

/** Killed when it is disposed. */
export function startPython(
  python: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): PythonProcess {
  const child = spawn(python, args, { env: pythonEnvironment(env), stdio: 'pipe' })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
    child.emit('said')
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  // After everything it has said is read.
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal)
  return {
    child,
    ended,
    err: () => err,
    async ask(line) {
      child.stdin.write(`${line}\n`)
      const { value, done } = await lines.next()
      if (done === true) throw new Error(`Python ended: ${err}`)
      return value
    },
    async said(pattern) {
      for (;;) {
        const found = pattern.exec(err)
        if (found !== null) return found[1] ?? found[0]
        await Promise.race([once(child, 'said'), ended])
        if (child.exitCode !== null && !pattern.test(err)) throw new Error(`Python ended: ${err}`)
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}
