import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** What becomes of an endpoint: it answers, it never answers, or it answers and has a backlog. */
export type EndpointKind = 'healthy' | 'hanging' | 'behind'

/** What endpoints of each kind have got so far. */
export interface IsolationArrivals extends Readonly<Record<EndpointKind, number>> {
  /** Of those that came to healthy ones. */
  readonly distinct: number
  /** From the body's `at` to the arrival, of the last that came to healthy ones. */
  readonly p99Ms: number
}

/** The receivers, in a process of their own. */
export interface IsolationProcess extends AsyncDisposable {
  url(kind: EndpointKind): string
  /** Resolves once `count` have come to healthy endpoints. @param last - of so many, the latest, the p99 is */
  arrived(count: number, last: number): Promise<IsolationArrivals>
}

export async function startIsolationProcess(): Promise<IsolationProcess> {
  const file = new URL('isolation-child.ts', import.meta.url).pathname
  const child = spawn(process.execPath, ['--conditions=source', file], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const { value: url, done } = await createInterface({ input: child.stdout })
    [Symbol.asyncIterator]()
    .next()
  assert.ok(done !== true, 'the receivers did not start')
  return {
    url: (kind) => `${url}/${kind}`,
    async arrived(count, last) {
      const signal = AbortSignal.timeout(patienceMs)
      const answer = await fetch(`${url}/${count}/${last}`, { signal })
      // What the process of this very program says.
      return (await answer.json()) as IsolationArrivals
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

const patienceMs = 60_000
