import { Queue, Worker } from 'bullmq'
import { newId } from '../../../../src/ids.ts'
import { makeBody } from '../body.ts'
import { type Contender, connections, storeAll } from '../contender.ts'
import { SignedPost } from './signed-post.ts'

interface Payload {
  readonly id: string
  readonly body: string
}

const name = 'send'

/** BullMQ with one worker, as many jobs at once as graphile-worker, and finished jobs removed, as its manual advises. */
export class BullMq implements Contender {
  readonly #post: SignedPost
  #url = ''
  #queue: Queue<Payload> | undefined
  #worker: Worker<Payload> | undefined

  constructor(receiverUrl: string) {
    this.#post = new SignedPost(receiverUrl)
  }

  async prepare(url: string, count: number): Promise<void> {
    this.#url = url
    this.#queue = new Queue(name, {
      connection: { url },
      defaultJobOptions: { removeOnComplete: true, removeOnFail: 1_000 },
    })
    await storeAll(count, makeBody, (bodies) => this.store(bodies))
  }

  async start(): Promise<void> {
    this.#worker = new Worker(name, ({ data }) => this.#post.send(data.id, data.body), {
      connection: { url: this.#url, maxRetriesPerRequest: null },
      concurrency: connections * 2,
    })
    this.#worker.on('error', (error) => console.error(error))
    this.#worker.on('failed', (_job, error) => console.error(error))
  }

  async store(bodies: readonly string[]): Promise<void> {
    if (this.#queue === undefined) throw new TypeError('the contender is not prepared')
    const jobs = bodies.map((body) => ({ name, data: { id: newId(), body } }))
    const [only, ...others] = jobs
    if (only !== undefined && others.length === 0) await this.#queue.add(name, only.data)
    else await this.#queue.addBulk(jobs)
  }

  async stop(): Promise<void> {
    await this.#worker?.close()
    await this.#queue?.close()
  }
}
