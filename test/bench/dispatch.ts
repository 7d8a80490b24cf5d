import Emittery from 'emittery'
import { createHooks } from 'hookable'
import tapable from 'tapable'
import { Type } from 'typebox'
import { Bus } from '../../src/bus/bus.ts'
import { defineEvent } from '../../src/bus/event.ts'
import { systemClock } from '../../src/clock.ts'
import { Validator } from '../../src/schema/validator.ts'
import { type Bench, type BenchRow, median } from './bench.ts'

type Contender = (count: number) => Promise<void>

const warmUp = 20_000
const runs = 5

/** Dispatch beside the emitters and hook libraries that people use for it today. */
export const dispatchBench: Bench = {
  title: 'Dispatch',
  question:
    'How many dispatches a second, params checked, copied and frozen, with deadline and async context (floors with 3 handlers: 1.5 × emitSerial, 2 × hookable, 0.6 × tapable)?',
  moreIsBetter: true,
  run: benchDispatch,
}

/** Measures dispatch beside emittery, hookable and tapable, in one process, in turn. */
export async function benchDispatch(): Promise<BenchRow[]> {
  return [
    await compare('3 handlers', 100_000, {
      ours: ours(3, () => {}),
      'emittery emitSerial': emitSerial(3, () => {}),
      hookable: hookable(3, () => {}),
      'tapable AsyncSeriesHook': tapableSeries(3),
    }),
    await compare('3 async handlers', 60_000, {
      ours: ours(3, async () => {}),
      'emittery emitSerial': emitSerial(3, async () => {}),
      hookable: hookable(3, async () => {}),
      'tapable AsyncSeriesHook': tapableSeries(3),
    }),
    await compare('no handlers', 100_000, { ours: ours(0, () => {}), 'emittery emit': emit(0) }),
    await compare('20 handlers', 40_000, { ours: ours(20, () => {}), 'emittery emit': emit(20) }),
  ]
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

const payload = { component: 'web', amount: 3 }

function ours(handlers: number, handler: () => void | Promise<void>): Contender {
  const quiet = (): void => {}
  const log = { debug: quiet, info: quiet, warn: quiet, error: quiet }
  const bus = new Bus({
    clock: systemClock,
    log,
    validator: new Validator(),
    eventTimeoutMs: 30_000,
  })
  const event = defineEvent('adjust', {
    params: Type.Object({ component: Type.String(), amount: Type.Number() }),
  })
  bus.declare(event, 'bench')
  for (let count = 0; count < handlers; count++) bus.register('bench', 'on', event, handler)
  return async (count) => {
    for (let at = 0; at < count; at++) await bus.dispatch(event, payload)
  }
}

function emitSerial(handlers: number, handler: () => void | Promise<void>): Contender {
  const emitter = new Emittery()
  for (let count = 0; count < handlers; count++) emitter.on('adjust', () => handler())
  return async (count) => {
    for (let at = 0; at < count; at++) await emitter.emitSerial('adjust', payload)
  }
}

function emit(handlers: number): Contender {
  const emitter = new Emittery()
  for (let count = 0; count < handlers; count++) emitter.on('adjust', () => undefined)
  return async (count) => {
    for (let at = 0; at < count; at++) await emitter.emit('adjust', payload)
  }
}

function hookable(handlers: number, handler: () => void | Promise<void>): Contender {
  const hooks = createHooks<{ adjust: (params: typeof payload) => void | Promise<void> }>()
  for (let count = 0; count < handlers; count++) hooks.hook('adjust', () => handler())
  return async (count) => {
    for (let at = 0; at < count; at++) await hooks.callHook('adjust', payload)
  }
}

/** By its promises, as a host of asynchronous handlers has to use it. */
function tapableSeries(handlers: number): Contender {
  const hook = new tapable.AsyncSeriesHook<[typeof payload]>(['params'])
  for (let count = 0; count < handlers; count++) hook.tapPromise(`tap ${count}`, async () => {})
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
