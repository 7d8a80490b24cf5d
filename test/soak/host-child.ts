import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** What `kill-host-child.ts` is started with. */
export interface HostChildOptions {
  readonly store: string
  readonly url: string
  readonly epoch: number
  readonly speed: number
  readonly messages: number
  /** Requests a second to the endpoint, over all hosts. @defaultValue no limit */
  readonly rate?: number
}

/** A host in a process of its own that commits messages and delivers. */
export class HostChild {
  /** Ids of the messages whose commit it has told. */
  readonly committed: string[] = []
  /** How many it is to commit. */
  readonly messages: number
  readonly #process: ChildProcess
  readonly #ended: Promise<unknown>
  #told: () => void = () => {}

  constructor(options: HostChildOptions) {
    this.messages = options.messages
    const child = join(import.meta.dirname, 'kill-host-child.ts')
    const args = Object.entries(options).map(([name, value]) => `--${name}=${value}`)
    this.#process = spawn(process.execPath, ['--conditions=source', child, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const { stdout } = this.#process
    assert.ok(stdout)
    const lines = createInterface({ input: stdout })
    lines.on('line', (id) => {
      this.committed.push(id)
      this.#told()
    })
    // Only when the pipe is read to its end is everything known that was told.
    this.#ended = Promise.all([once(this.#process, 'exit'), once(lines, 'close')])
  }

  /** Resolves when it has told of so many commits. */
  async commits(count: number): Promise<void> {
    const told = new Promise<void>((resolve) => {
      this.#told = () => {
        if (this.committed.length >= count) resolve()
      }
      this.#told()
    })
    const ended = this.#ended.then(() => assert.fail('the host ended by itself'))
    await Promise.race([told, ended])
    ended.catch(() => undefined) // it will end: we are going to kill it
  }

  async kill(): Promise<void> {
    this.#process.kill('SIGKILL')
    await this.#ended
  }
}
