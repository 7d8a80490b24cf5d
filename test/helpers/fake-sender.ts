import type { OutboundRequest, Reply, Sender } from '../../src/delivery/sender.ts'

export type FakeAnswer =
  | number
  | Reply
  | ((request: OutboundRequest, index: number) => number | Reply | Promise<number | Reply>)

/** Stands in for the HTTP clients at their port: keeps what it is asked to send and answers from a list, the last answer again and again. */
export class FakeSender implements Sender {
  readonly requests: OutboundRequest[] = []
  readonly #answers: readonly FakeAnswer[]

  constructor(answers: readonly FakeAnswer[] = [200]) {
    this.#answers = answers
  }

  async send(request: OutboundRequest): Promise<Reply> {
    const index = this.requests.push(request) - 1
    const source = this.#answers[Math.min(index, this.#answers.length - 1)] ?? 200
    const answer = typeof source === 'function' ? await source(request, index) : source
    return typeof answer === 'number' ? aReply(answer) : answer
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

export function aReply(
  status: number,
  headers: Readonly<Record<string, string>> = {},
  body = '',
): Reply {
  return {
    kind: 'reply',
    status,
    statusText: '',
    headers: Object.entries(headers),
    body: Buffer.from(body),
    timings: { totalMs: 1 },
  }
}

/** The receiver could not be reached. */
export const noConnection: Reply = {
  kind: 'no-reply',
  error: 'connect',
  message: 'no connection to 192.0.2.1:80 (ECONNREFUSED)',
  timings: { totalMs: 1 },
}

/** Answers when it is told to. */
export function gate(): { readonly answer: () => Promise<number>; open(status?: number): void } {
  const { promise, resolve } = Promise.withResolvers<number>()
  return { answer: () => promise, open: (status = 200) => resolve(status) }
}

/** Hangs until it is given up. */
export function untilAborted(signal: AbortSignal | undefined): Promise<Reply> {
  const aborted = {
    kind: 'no-reply',
    error: 'aborted',
    message: 'given up',
    timings: { totalMs: 1 },
  } as const
  return new Promise((resolve) => signal?.addEventListener('abort', () => resolve(aborted)))
}
