import { randomUUID } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { Outcome, Waiting } from '../../src/bus/outcome.ts'
import { CallbackBook } from '../../src/callbacks/callback-book.ts'
import type { Store } from '../../src/store/store.ts'
import {
  type ProjectFolder,
  projectFolder,
  type StartedProject,
  startProject,
} from '../helpers/start-host.ts'

/**
 * A connector that serves a desk of its own, and leaves things to callbacks: the decision about `ship`, the result of `resize`, and that of `look`, which it
 * awaits. Each step is a line of its journal.
 */
const gateSource = `import { appendFileSync } from 'node:fs'
import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const params = Type.Object({ order: Type.String() })
const ship = defineEvent('ship', { params, result: Type.Object({ shipped: Type.String() }) })
const resize = defineEvent('resize', { params, result: Type.Object({ width: Type.Number() }) })
const look = defineEvent('look', { params, result: Type.Unknown() })

export default defineConnector({
  name: 'gate',
  servesCallbacks: true,
  config: Type.Object({ journal: Type.String(), timeout: Type.String({ default: '1h' }) }),
  events: [ship, resize, look],
  setup({ config, callbacks, before, on, after }) {
    const note = (what) => appendFileSync(config.journal, what + '\\n')
    const open = (order) => callbacks.open({ timeout: config.timeout, meta: { order } })
    before(ship, ({ params }) => {
      note('before ' + params.order)
      const opened = open(params.order)
      return params.order === 'stuck' ? opened.then(() => new Promise(() => {})) : opened
    })
    on(ship, ({ params }) => {
      note('on ' + params.order)
      if (params.order === 'crash') process.kill(process.pid, 'SIGKILL')
      return { shipped: params.order }
    })
    after(ship, ({ params }) => note('after ' + params.order))
    on(resize, ({ params }) => {
      note('on ' + params.order)
      return open(params.order)
    })
    after(resize, ({ params, results }) => note('after ' + params.order + ' ' + JSON.stringify(results[0].value)))
    on(look, async ({ params }) => {
      const opened = await open(params.order)
      note('holds ' + params.order)
      return await opened.result
    })
    after(look, ({ params }) => note('after ' + params.order))
    return callbacks.serve({
      url: (id) => 'https://gate.test/api/callbacks/' + id + '/complete',
      sign: () => null,
      async resolved({ meta, resolvedBy }) {
        note('resolved ' + meta.meta.order + ' ' + resolvedBy)
        return meta.meta.order === 'vetoed' ? 'nobody may approve this' : undefined
      },
    })
  },
})
`

/** A folder with an assembly of the gate, which several hosts can run. */
export interface Gate extends Disposable {
  readonly folder: ProjectFolder
  readonly yaml: string
  /** What was done, by all hosts, without what it was done to when that is named. */
  journal(order?: string): readonly string[]
}

export function aGate(store: string, timeout = '1h'): Gate {
  const folder = projectFolder({ 'gate.ts': gateSource })
  const journal = folder.file(`journal-${randomUUID()}`)
  const yaml = `host:
  store: ${store.replace('FOLDER', folder.path)}
  shutdown_timeout: 5s
  server: { port: 0, allow_unauthenticated: true }
connectors: { gate: ${folder.file('gate.ts')} }
gate: { journal: ${journal}, timeout: ${timeout} }
`
  return {
    folder,
    yaml,
    journal(order) {
      const lines = existsSync(journal) ? readFileSync(journal, 'utf8').trimEnd().split('\n') : []
      if (order === undefined) return lines
      const told = lines.filter((line) => line.split(' ')[1] === order)
      return told.map((line) => line.replace(` ${order}`, ''))
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  }
}

export const sqlite = 'sqlite:FOLDER/carabiner.db'

export function startGate(
  gate: Gate,
  options: Parameters<typeof startProject>[1] = {},
): Promise<StartedProject> {
  return startProject(gate.yaml, options)
}

/** The callback a parked dispatch waits for. @throws when it is not parked, or waits for none */
export function waitingFor(outcome: Outcome): Waiting {
  const [first] = outcome.kind === 'parked' ? outcome.waitingFor : []
  if (first === undefined) throw new Error(`it is ${outcome.kind}, and waits for nothing`)
  return first
}

/** The book of another program on the store: no host is told of what it does. */
export function strangersBook(store: Store): CallbackBook {
  return new CallbackBook(store)
}

export function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value))
}

/** Resolves once it is so. @throws after ten seconds */
export async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  for (const begun = Date.now(); Date.now() - begun < 10_000; ) {
    const seen = await look()
    if (seen !== undefined) return seen
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error('it did not come to that within ten seconds')
}
