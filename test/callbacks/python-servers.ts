import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { CallbackStore } from '../../src/callbacks/callback-book.ts'
import type { CallbackRoutesConfig } from '../../src/callbacks/callback-http.ts'
import { defaultCallbackPrefix } from '../../src/callbacks/callback-url.ts'
import type { CallbackServer } from '../../src/callbacks/conformance/subject.ts'
import { pythonEnvironment } from '../helpers/python.ts'
import { managementKey } from '../helpers/served-host.ts'
import { type Spawned, spawnProgram } from '../helpers/spawned.ts'
import { serveManagementApi } from './management-api.ts'

/** Where the example is. */
export const exampleFolder = fileURLToPath(new URL('../../docs/examples/fastapi', import.meta.url))

/** One process of Python that serves the example in front of management APIs, once for each config. */
export class PythonServers implements AsyncDisposable {
  readonly #process: Spawned
  readonly #closed: Promise<unknown>
  /** Questions are answered in turn. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(python: string) {
    const script = fileURLToPath(new URL('fastapi/servers.py', import.meta.url))
    const env = pythonEnvironment({ PYTHONPATH: exampleFolder })
    this.#process = spawnProgram(python, [script], { cwd: exampleFolder, env })
    this.#closed = once(this.#process.child, 'close')
  }

  /** What the servers have logged. */
  get err(): string {
    return this.#process.err()
  }

  /** A server in front of a management API on any store. */
  async startOn(store: CallbackStore, config: CallbackRoutesConfig): Promise<CallbackServer> {
    const management = await serveManagementApi(store)
    const url = await this.start(management.url, config)
    return {
      url,
      async [Symbol.asyncDispose]() {
        await management[Symbol.asyncDispose]()
      },
    }
  }

  /** The URL of a server in front of a host. */
  start(hostUrl: string, config: CallbackRoutesConfig): Promise<string> {
    const { secret = [], allowUnsigned = false, signatures = [] } = config
    const { pathPrefix = defaultCallbackPrefix } = config
    const question = { secrets: [secret].flat(), allowUnsigned, signatures, pathPrefix }
    const asked = this.#turn.then(() => {
      this.#process.write(JSON.stringify({ ...question, hostUrl, managementKey }))
      return this.#process.line()
    })
    this.#turn = asked.catch(() => undefined) // whoever asked hears of it
    return asked
  }

  /** Resolves to the exit code when all servers have ended, and all they have logged is read. */
  async end(): Promise<number | NodeJS.Signals> {
    this.#process.child.stdin?.end()
    await this.#closed
    return this.#process.exit()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process[Symbol.asyncDispose]()
  }
}
