import type { CircuitOpen, CompleteReply, NoReply } from 'carabiner'

/** What a worker's answer to a job means. */
export type Taken =
  /** `body`: what it replied. */
  | { readonly kind: 'taken'; readonly body: Uint8Array }
  /** Nobody has it yet: another request may do better. */
  | {
      readonly kind: 'again'
      readonly why: string
      readonly isTimeout: boolean
      readonly shows: Condition
    }
  | { readonly kind: 'refused'; readonly why: string; readonly shows: Condition }

/** What is known of a worker that did not take a job. `there`: it is the job that is wrong. `unknown`: it was not asked. */
export type Condition = 'there' | 'in-trouble' | 'unknown'

/** With these it says what it thinks of the job. */
const jobStatuses: ReadonlySet<number> = new Set([400, 409, 413, 422])

/**
 * 2xx takes the job; 5xx and no answer may be tried again; everything else refuses it.
 *
 * @param needsBody - whether the reply is the result. Otherwise the head of a 2xx is enough: who has the job must not be given it twice
 */
export function readReply(reply: CompleteReply | NoReply | CircuitOpen, needsBody: boolean): Taken {
  switch (reply.kind) {
    case 'circuit-open':
      return { ...again('the circuit is open, nothing was sent'), shows: 'unknown' }
    case 'reply':
      return isSuccess(reply.status)
        ? { kind: 'taken', body: reply.body }
        : readStatus(reply.status, reply.statusText)
    case 'no-reply':
      return readNothing(reply, needsBody)
  }
}

function readNothing({ error, message, head }: NoReply, needsBody: boolean): Taken {
  if (head !== undefined && !isSuccess(head.status)) return readStatus(head.status, head.statusText)
  if (head !== undefined && !needsBody) return { kind: 'taken', body: new Uint8Array() }
  switch (error) {
    case 'egress':
      return { kind: 'refused', why: message, shows: 'in-trouble' }
    case 'over-limit':
      // Without a head it is the job that is too long.
      return { kind: 'refused', why: message, shows: head === undefined ? 'unknown' : 'in-trouble' }
    case 'timeout':
    case 'aborted':
    case 'connect':
    case 'cut-off':
    case 'protocol':
      return { ...again(message), isTimeout: error === 'timeout' }
  }
}

function readStatus(status: number, statusText: string): Taken {
  const why = `answered ${status} ${statusText}`.trimEnd()
  if (status >= 500) return again(why)
  return { kind: 'refused', why, shows: jobStatuses.has(status) ? 'there' : 'in-trouble' }
}

function again(why: string): Taken & { readonly kind: 'again' } {
  return { kind: 'again', why, isTimeout: false, shows: 'in-trouble' }
}

function isSuccess(status: number): boolean {
  return status >= 200 && status < 300
}
