import { connect } from 'node:net'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import { parseProxy } from './proxy.ts'

export type ProxyVerdict = { readonly ok: true } | { readonly ok: false; readonly detail: string }

/**
 * Looks whether a proxy takes connections; it has 1 s.
 *
 * @param url - as it stands in the assembly; no message repeats any of it
 * @throws {CarabinerError} PROXY_FAILED
 */
export async function checkProxy(url: string, clock: Pick<Clock, 'after'>): Promise<void> {
  const verdict = await new ProxyCheck(clock).look(url)
  if (!verdict.ok) throw new CarabinerError('PROXY_FAILED', verdict.detail)
}

/** Milliseconds a proxy has for taking a connection. */
const patienceMs = 1_000

/** Looks whether a proxy takes connections: one look at a time, however many ask. */
export class ProxyCheck {
  readonly #clock: Pick<Clock, 'after'>
  #looking: Promise<ProxyVerdict> | undefined

  constructor(clock: Pick<Clock, 'after'>) {
    this.#clock = clock
  }

  /** Never rejects. @param url - as it stands in the assembly; no detail repeats any of it */
  look(url: string): Promise<ProxyVerdict> {
    this.#looking ??= this.#connect(url).finally(() => {
      this.#looking = undefined
    })
    return this.#looking
  }

  #connect(url: string): Promise<ProxyVerdict> {
    const parsed = parseProxy(url)
    if (parsed.kind === 'invalid') return Promise.resolve({ ok: false, detail: parsed.reason })
    const { host, port } = parsed.proxy
    return new Promise((resolve) => {
      const socket = connect({ host, port })
      const tell = (verdict: ProxyVerdict): void => {
        limit[Symbol.dispose]()
        socket.destroy()
        resolve(verdict)
      }
      const limit = this.#clock.after(patienceMs, () =>
        tell({ ok: false, detail: `the proxy took no connection within ${patienceMs / 1_000} s` }),
      )
      socket.once('connect', () => tell({ ok: true }))
      socket.on('error', (error) => tell({ ok: false, detail: `the proxy ${whyNot(error)}` }))
    })
  }
}

function whyNot(error: Error): string {
  return `cannot be reached (${'code' in error ? String(error.code) : error.name})`
}
