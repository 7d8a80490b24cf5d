import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Answer, Calls } from './calls.ts'
import { type Core, onCore } from './cores.ts'

/** A process of a benchmark that answers calls. It ends when it is disposed, or with this process. */
export interface Remote<Api extends Calls<Api>> extends AsyncDisposable {
  call<K extends keyof Api & string>(
    method: K,
    ...args: Parameters<Api[K]>
  ): Promise<Awaited<ReturnType<Api[K]>>>
}

/** Starts a file of this folder in a process of its own. Resolves when it answers. */
export async function startRemote<Api extends Calls<Api>>(
  file: string,
  core: Core,
  args: readonly string[] = [],
): Promise<Remote<Api>> {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const node = [process.execPath, '--conditions=source', path, ...args]
  const [command = '', ...rest] = onCore(core, node)
  const child = spawn(command, rest, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    serialization: 'advanced',
  })
  const remote = new ChildRemote<Api>(child, [file, ...args].join(' '))
  await remote.ready
  return remote
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

class ChildRemote<Api extends Calls<Api>> implements Remote<Api> {
  readonly ready: Promise<void>
  readonly #child: ChildProcess
  readonly #name: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<unknown>
  #calls = 0

  constructor(child: ChildProcess, name: string) {
    this.#child = child
    this.#name = name
    this.#ended = once(child, 'exit').then(([code, signal]) => this.#end(code ?? signal))
    this.ready = new Promise((resolve, reject) => {
      this.#waiting.set(0, { resolve: () => resolve(), reject })
    })
    child.on('message', (message: Answer | 'ready') => {
      if (message === 'ready') this.#settle({ id: 0, kind: 'value', value: undefined })
      else this.#settle(message)
    })
  }

  call<K extends keyof Api & string>(
    method: K,
    ...args: Parameters<Api[K]>
  ): Promise<Awaited<ReturnType<Api[K]>>> {
    this.#calls += 1
    const id = this.#calls
    return new Promise((resolve, reject) => {
      // The process answers with what its own `Api` gave: both sides are started from the same type.
      const answered = (value: unknown): void => resolve(value as Awaited<ReturnType<Api[K]>>)
      this.#waiting.set(id, { resolve: answered, reject })
      this.#child.send({ id, method, args })
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.connected) this.#child.disconnect()
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 25_000)
    await this.#ended
    clearTimeout(late)
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if (answer.kind === 'value') waiting?.resolve(answer.value)
    else waiting?.reject(new Error(`${this.#name}: ${answer.error}`))
  }

  #end(how: number | string): void {
    for (const { reject } of this.#waiting.values()) {
      reject(new Error(`${this.#name} ended (${how})`))
    }
    this.#waiting.clear()
  }
}
