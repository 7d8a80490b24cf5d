import { callbackSignatureHeader, callbackUrl, signCallback } from 'carabiner/callbacks'

/** Answers callbacks of one host from another program. */
export class Answers {
  readonly #base: string
  readonly #secret: string

  /** @param base - where the routes are: `https://hooks.example.com` */
  constructor(base: string, secret: string) {
    this.#base = base
    this.#secret = secret
  }

  /** It is done. `false`: nobody waits for it any more. */
  complete(id: string, payload: unknown): Promise<boolean> {
    return this.#send(id, 'complete', { payload })
  }

  /** It will not be done. */
  fail(id: string, error: string): Promise<boolean> {
    return this.#send(id, 'fail', { error })
  }

  /** It is still being worked on: wait so long from now. */
  heartbeat(id: string, seconds: number): Promise<boolean> {
    return this.#send(id, 'heartbeat', { timeout_seconds: seconds })
  }

  async #send(id: string, action: 'complete' | 'fail' | 'heartbeat', body: object) {
    const response = await fetch(callbackUrl(this.#base, '/api/callbacks', id, action), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        [callbackSignatureHeader]: signCallback(id, this.#secret),
      },
      body: JSON.stringify(body),
    })
    if (response.status === 404) return false
    // 503: the store is away for a moment. Anything but 200 can be sent again: it is taken once.
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    return true
  }
}
