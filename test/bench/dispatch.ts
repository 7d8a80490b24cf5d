import Emittery from 'emittery'
import { createHooks } from 'hookable'
import { AsyncSeriesHook } from 'tapable'
import { Type } from 'typebox'
import { Bus } from '../../src/bus/bus.ts'
import { defineEvent } from '../../src/bus/event.ts'
import { systemClock } from '../../src/clock.ts'
import { Validator } from '../../src/schema/validator.ts'
import { type Bench, type BenchRow, median } from './bench.ts'

type Contender = (count: number) => Promise<void>

const warmUp = 20_000
/** Many and short: what else the machine has to do then disturbs all contenders alike. */
const runs = 25

/** Dispatch beside the emitters and hook libraries that people use for it today. */
export const dispatchBench: Bench = {
  title: 'Dispatch',
  question:
    'How many dispatches a second, and what do its promises cost? Ours checks, copies and freezes the params, keeps a deadline and an async context, and ends in an outcome with every result; the peers call the same handlers with the same object and do none of that. Held against, with 3 handlers: 1.5 × emitSerial, 2 × hookable, 0.6 × tapable; with none and with 20: 1 × emit. Beside the plain taps of tapable that cannot be: one call of three costs about as much as our two readings of the clock.',
  moreIsBetter: true,
  run: benchDispatch,
}

/** Measures dispatch beside emittery, hookable and tapable, in one process, in turn. */
export async function benchDispatch(): Promise<BenchRow[]> {
  return [
    await compare('3 handlers, no params', 20_000, {
      ours: oursWithoutParams(3),
      'emittery emitSerial': emitSerial(3, add),
      hookable: hookable(3, add),
      'tapable tapPromise': tapableOfPromises(3),
      'tapable tap': tapable(3),
    }),
    await compare('3 handlers, params checked and frozen', 20_000, {
      ours: ours(3, add),
      'emittery emitSerial': emitSerial(3, add),
      hookable: hookable(3, add),
      'tapable tapPromise': tapableOfPromises(3),
      'tapable tap': tapable(3),
    }),
    await compare('3 async handlers', 12_000, {
      ours: ours(3, addLater),
      'emittery emitSerial': emitSerial(3, addLater),
      hookable: hookable(3, addLater),
      'tapable tapPromise': tapableOfPromises(3),
    }),
    await compare('no handlers', 20_000, { ours: ours(0, add), 'emittery emit': emit(0) }),
    await compare('20 handlers', 8_000, { ours: ours(20, add), 'emittery emit': emit(20) }),
  ]
}

interface Payload {
  readonly component: string
  readonly amount: number
}
type Handler = (payload: Payload) => void | Promise<void>

let sum = 0
const payload: Payload = { component: 'web', amount: 3 }

/** What every handler of every contender does: a handler that looks at nothing could be left out by the compiler. */
function add({ amount }: Payload): void {
  sum = (sum + amount) % 1_000
}

async function addLater(given: Payload): Promise<void> {
  add(given)
}

async function compare(
  name: string,
  count: number,
  contenders: { readonly ours: Contender } & Readonly<Record<string, Contender>>,
): Promise<BenchRow> {
  const entries = Object.entries(contenders)
  const rates = new Map<string, number[]>(entries.map(([contender]) => [contender, []]))
  for (const [, run] of entries) await run(warmUp)
  for (let turn = 0; turn < runs; turn++) {
    for (const [contender, run] of entries) {
      const began = performance.now()
      await run(count)
      rates.get(contender)?.push((count / (performance.now() - began)) * 1_000)
    }
  }
  const medians = new Map([...rates].map(([contender, all]) => [contender, median(all)]))
  const ourRate = medians.get('ours') ?? 0
  medians.delete('ours')
  return { name, unit: 'ops/s', ours: ourRate, peers: Object.fromEntries(medians) }
}

function ours(handlers: number, handler: Handler): Contender {
  const bus = newBus()
  const event = defineEvent('adjust', {
    params: Type.Object({ component: Type.String(), amount: Type.Number() }),
  })
  bus.declare(event, 'bench')
  for (let count = 0; count < handlers; count++) {
    bus.register('bench', 'on', event, ({ params }) => handler(params))
  }
  return async (count) => {
    for (let at = 0; at < count; at++) await bus.dispatch(event, payload)
  }
}

/** An event that is its name alone: what is left is the price of order, deadline, context and outcome. */
function oursWithoutParams(handlers: number): Contender {
  const bus = newBus()
  const event = defineEvent('adjust')
  bus.declare(event, 'bench')
  for (let count = 0; count < handlers; count++) {
    bus.register('bench', 'on', event, () => add(payload))
  }
  const nothing = {}
  return async (count) => {
    for (let at = 0; at < count; at++) await bus.dispatch(event, nothing)
  }
}

function newBus(): Bus {
  const quiet = (): void => {}
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const validator = new Validator()
  return new Bus({ clock: systemClock, log, validator, eventTimeoutMs: 30_000 })
}

function emitSerial(handlers: number, handler: Handler): Contender {
  const emitter = emitterOf(handlers, handler)
  return async (count) => {
    for (let at = 0; at < count; at++) await emitter.emitSerial('adjust', payload)
  }
}

function emit(handlers: number): Contender {
  const emitter = emitterOf(handlers, add)
  return async (count) => {
    for (let at = 0; at < count; at++) await emitter.emit('adjust', payload)
  }
}

function emitterOf(handlers: number, handler: Handler): Emittery<{ adjust: Payload }> {
  const emitter = new Emittery<{ adjust: Payload }>()
  for (let count = 0; count < handlers; count++) {
    emitter.on('adjust', ({ data }) => handler(data))
  }
  return emitter
}

function hookable(handlers: number, handler: Handler): Contender {
  const hooks = createHooks<{ adjust: Handler }>()
  for (let count = 0; count < handlers; count++) {
    hooks.hook('adjust', (given) => handler(given))
  }
  return async (count) => {
    for (let at = 0; at < count; at++) await hooks.callHook('adjust', payload)
  }
}

/** Its fastest form: a tap that is called like a function, and cannot be asynchronous. */
function tapable(handlers: number): Contender {
  const hook = new AsyncSeriesHook<[Payload]>(['given'])
  for (let count = 0; count < handlers; count++) hook.tap(`tap ${count}`, (given) => add(given))
  return async (count) => {
    for (let at = 0; at < count; at++) await hook.promise(payload)
  }
}

/** As a host has to use it whose handlers may be asynchronous. */
function tapableOfPromises(handlers: number): Contender {
  const hook = new AsyncSeriesHook<[Payload]>(['given'])
  for (let count = 0; count < handlers; count++) hook.tapPromise(`tap ${count}`, addLater)
  return async (count) => {
    for (let at = 0; at < count; at++) await hook.promise(payload)
  }
}

if (import.meta.main) {
  for (const { name, ours: rate, peers } of await benchDispatch()) {
    const ratios = Object.fromEntries(
      Object.entries(peers).map(([peer, theirs]) => [`÷ ${peer}`, (rate / theirs).toFixed(2)]),
    )
    console.table({ [name]: { 'ops/s': Math.round(rate), ...ratios } })
  }
}
