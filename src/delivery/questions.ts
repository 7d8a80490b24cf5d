import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import type { EndpointDefinition } from './endpoint.ts'

/** Where a connector tells what came of the questions (`ask`) that it put to an endpoint. Known to this host alone, until it stops. */
export interface Questions {
  /** One was answered, whatever the answer: a no is one, too. */
  answered(): void
  /**
   * One was not answered, or by nothing that anybody could go by: the endpoint's `health` is an error until another one is answered.
   *
   * @param why - for operators; the secrets of the assembly are masked in it before it is shown, and what is too long is cut then
   */
  unanswered(why: string): void
}

/** Questions that came to nothing since the last one that was answered. */
export interface AskedInVain {
  readonly times: number
  /** When the last of them was given up, UTC milliseconds. */
  readonly lastAt: number
  readonly why: string
  /** When a question was answered, before these; `null`: never. */
  readonly answeredAt: number | null
}

/** Keeps how questions to one endpoint went: as much as `/health` tells, however many there are. */
export class QuestionRecord implements Questions {
  readonly #clock: Clock
  #answeredAt: number | null = null
  #inVain: AskedInVain | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** `undefined`: the last question was answered, or there was none. */
  get inVain(): AskedInVain | undefined {
    return this.#inVain
  }

  answered(): void {
    this.#answeredAt = this.#clock.now()
    this.#inVain = undefined
  }

  unanswered(why: string): void {
    this.#inVain = {
      times: (this.#inVain?.times ?? 0) + 1,
      lastAt: this.#clock.now(),
      why,
      answeredAt: this.#answeredAt,
    }
  }
}

/** Whether what came of a question under one definition says something about the other: it would have been the same request. */
export function asksTheSame(one: EndpointDefinition, other: EndpointDefinition): boolean {
  return isDeepStrictEqual(requestOf(one), requestOf(other))
}

function requestOf(definition: EndpointDefinition): readonly unknown[] {
  const { url, egress, authorizedDomains, tls, headers, secrets, signatures, timeoutMs } =
    definition
  return [url, egress, authorizedDomains, tls, headers, secrets, signatures, timeoutMs]
}
