import { type Job, type JobResult, PgBoss } from 'pg-boss'
import { messageOf } from '../../../../src/errors.ts'
import { newId } from '../../../../src/ids.ts'
import { makeBody } from '../body.ts'
import { type Contender, storeAll } from '../contender.ts'
import { SignedPost } from './signed-post.ts'

interface Payload {
  readonly id: string
  readonly body: string
}

const queue = 'send'

/**
 * pg-boss in batches, full ones fetched one after another without a pause, by two workers, so that one sends while the other settles.
 * Each job has a result of its own: else one endpoint that fails has the whole batch sent again.
 */
export class PgBossContender implements Contender {
  readonly #post: SignedPost
  #boss: PgBoss | undefined

  constructor(receiverUrl: string) {
    this.#post = new SignedPost(receiverUrl)
  }

  async prepare(url: string, count: number): Promise<void> {
    this.#boss = new PgBoss({ connectionString: url, schedule: false, useListenNotify: true })
    this.#boss.on('error', (error) => console.error(error))
    await this.#boss.start()
    await this.#boss.createQueue(queue, { notify: true })
    await storeAll(count, makeBody, (bodies) => this.store(bodies))
  }

  async start(): Promise<void> {
    const options = {
      batchSize: 250,
      burstWhenBatchFull: true,
      localConcurrency: 2,
      perJobResults: true,
    } as const
    await this.#open.work<Payload, unknown, typeof options>(queue, options, (jobs) =>
      Promise.all(jobs.map((job) => this.#send(job))),
    )
  }

  async store(bodies: readonly string[]): Promise<void> {
    await this.#open.insert(
      queue,
      bodies.map((body) => ({ data: { id: newId(), body } })),
    )
  }

  async stop(): Promise<void> {
    await this.#boss?.stop({ graceful: true, close: true })
    this.#boss = undefined
  }

  async #send({ id, data }: Job<Payload>): Promise<JobResult> {
    try {
      await this.#post.send(data.id, data.body)
      return { id, status: 'completed' }
    } catch (error) {
      return { id, status: 'failed', output: { message: messageOf(error) } }
    }
  }

  get #open(): PgBoss {
    if (this.#boss === undefined) throw new TypeError('the contender is not prepared')
    return this.#boss
  }
}
