import { CallbackBook, type CallbackStore } from '../callback-book.ts'
import type { CallbackRoutesConfig } from '../callback-http.ts'
import { callbackPrefix, defaultCallbackPrefix } from '../callback-url.ts'
import { type FailingKind, failing } from './failing-store.ts'
import { secret } from './secrets.ts'
import type { CallbackServer, CallbackSubject } from './subject.ts'
import { Wire } from './wire.ts'

/** One thing that must hold, and the server it is asked of. */
export interface Scenario {
  readonly name: string
  /** @defaultValue `signed` */
  readonly config?: CallbackRoutesConfig
  /** How its server's store fails. @defaultValue it works */
  readonly store?: FailingKind
  readonly run: (wire: Wire) => Promise<void>
}

/** What most cases need. */
const signed: CallbackRoutesConfig = { secret }

/** Plays scenarios; servers of one config are shared. */
export class Stage implements AsyncDisposable {
  readonly #subject: CallbackSubject
  readonly #servers = new Map<string, Promise<CallbackServer>>()

  constructor(subject: CallbackSubject) {
    this.#subject = subject
  }

  async play({ config = signed, store, run }: Scenario): Promise<void> {
    const { url } = await this.#server(config, store)
    const prefix = callbackPrefix(config.pathPrefix ?? defaultCallbackPrefix)
    await run(new Wire(new CallbackBook(this.#subject.store), url, prefix))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const servers = await Promise.all(this.#servers.values())
    await Promise.all(servers.map((server) => server[Symbol.asyncDispose]()))
  }

  #server(config: CallbackRoutesConfig, kind: FailingKind | undefined): Promise<CallbackServer> {
    const key = JSON.stringify([config, kind])
    const known = this.#servers.get(key)
    if (known !== undefined) return known
    const { store } = this.#subject
    const used: CallbackStore = kind === undefined ? store : failing(store, kind)
    const server = this.#subject.start(used, config)
    this.#servers.set(key, server)
    return server
  }
}
