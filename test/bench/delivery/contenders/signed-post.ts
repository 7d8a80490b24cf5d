import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import { Pool } from 'undici'
import { connections } from '../contender.ts'

export const secret = 'a-secret-of-the-benchmark'

/** What a user of a queue writes to send a webhook: undici with a pool, and a Standard Webhooks signature. */
export class SignedPost implements AsyncDisposable {
  readonly #pool: Pool
  readonly #path: string
  readonly #key: KeyObject = createSecretKey(Buffer.from(secret))

  constructor(url: string) {
    const { origin, pathname } = new URL(url)
    this.#pool = new Pool(origin, { connections, pipelining: 1 })
    this.#path = pathname
  }

  async send(id: string, body: string): Promise<void> {
    const timestamp = Math.floor(Date.now() / 1_000)
    const signature = createHmac('sha256', this.#key)
      .update(`${id}.${timestamp}.`)
      .update(body)
      .digest('base64')
    const reply = await this.#pool.request({
      path: this.#path,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': `v1,${signature}`,
      },
      body,
    })
    await reply.body.dump()
    if (reply.statusCode !== 200) throw new Error(`the receiver answered ${reply.statusCode}`)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool.destroy()
  }
}
