import { Logger, makeWorkerUtils, type Runner, run, type WorkerUtils } from 'graphile-worker'
import { newId } from '../../../../src/ids.ts'
import { makeBody } from '../body.ts'
import { type Contender, connections, storeAll } from '../contender.ts'
import { SignedPost } from './signed-post.ts'

const task = 'send'

/** graphile-worker with every batching that its page on performance names: local queue, completions at once for what has gathered. */
export class GraphileWorker implements Contender {
  readonly #post: SignedPost
  #preset: GraphileConfig.Preset = {}
  #utils: WorkerUtils | undefined
  #runner: Runner | undefined

  constructor(receiverUrl: string) {
    this.#post = new SignedPost(receiverUrl)
  }

  async prepare(url: string, count: number): Promise<void> {
    this.#preset = {
      worker: {
        connectionString: url,
        concurrentJobs: connections * 2,
        maxPoolSize: connections * 2 + 2,
        localQueue: { size: 500 },
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0,
        logger: new Logger(() => say),
      },
    }
    this.#utils = await makeWorkerUtils({ preset: this.#preset })
    await this.#utils.migrate()
    await storeAll(count, makeBody, (bodies) => this.store(bodies))
  }

  async start(): Promise<void> {
    this.#runner = await run({
      preset: this.#preset,
      noHandleSignals: true,
      taskList: { [task]: (payload) => this.#send(payload) },
    })
  }

  async store(bodies: readonly string[]): Promise<void> {
    if (this.#utils === undefined) throw new TypeError('the contender is not prepared')
    const jobs = bodies.map((body) => ({ identifier: task, payload: { id: newId(), body } }))
    const [only, ...others] = jobs
    if (only !== undefined && others.length === 0) await this.#utils.addJob(task, only.payload)
    else await this.#utils.addJobs(jobs)
  }

  async stop(): Promise<void> {
    await this.#runner?.stop()
    await this.#utils?.release()
  }

  async #send(payload: unknown): Promise<void> {
    // What `store` gave.
    const { id, body } = payload as { readonly id: string; readonly body: string }
    await this.#post.send(id, body)
  }
}

/** A benchmark in which something went wrong must say so. */
function say(level: string, message: string): void {
  if (level === 'error' || level === 'warning') console.error(message)
}
