import { newId } from '../../../../src/ids.ts'
import { makeBody } from '../body.ts'
import { type Contender, connections } from '../contender.ts'
import { SignedPost } from './signed-post.ts'

/** No queue at all: as many loops as there are connections. What is lost is lost. */
export class BareLoop implements Contender {
  readonly #post: SignedPost
  #left = 0
  #loops: readonly Promise<void>[] = []

  constructor(receiverUrl: string) {
    this.#post = new SignedPost(receiverUrl)
  }

  async prepare(_url: string, count: number): Promise<void> {
    this.#left = count
  }

  async start(): Promise<void> {
    this.#loops = Array.from({ length: connections }, () => this.#loop())
  }

  /** A direct POST. */
  async store(bodies: readonly string[]): Promise<void> {
    await Promise.all(bodies.map((body) => this.#post.send(newId(), body)))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#loops)
  }

  async #loop(): Promise<void> {
    while (this.#left > 0) {
      this.#left -= 1
      await this.#post.send(newId(), makeBody())
    }
  }
}
