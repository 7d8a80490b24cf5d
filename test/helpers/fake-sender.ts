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
    return replyOf(await this.#answerTo(request))
  }

  /** Answers that need no waiting come before it returns. */
  dispatch(request: OutboundRequest, replied: (reply: Reply) => void): void {
    const answer = this.#answerTo(request)
    if (answer instanceof Promise) void answer.then((late) => replied(replyOf(late)))
    else replied(replyOf(answer))
  }

  #answerTo(request: OutboundRequest): number | Reply | Promise<number | Reply> {
    const index = this.requests.push(request) - 1
    const source = this.#answers[Math.min(index, this.#answers.length - 1)] ?? 200
    return typeof source === 'function' ? source(request, index) : source
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function replyOf(answer: number | Reply): Reply {
  return typeof answer === 'number' ? aReply(answer) : answer
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
