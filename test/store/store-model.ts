import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type DeliveryId, newDeliveryId } from '../../src/ids.ts'
import { aClaim, aMessageTo, anAttempt, noon, second } from '../../src/store/contract/makers.ts'
import type { DeliveryState, Settlement, Store } from '../../src/store/store.ts'

/** One delivery as the simplest thing that could be right keeps it. */
interface Modelled {
  readonly id: DeliveryId
  readonly endpoint: string
  readonly orderKey: string | null
  state: DeliveryState
  dueAt: number
  owner: string | null
  until: number
  attempts: number
}

type Step =
  | {
      readonly do: 'enqueue'
      readonly endpoint: string
      readonly orderKey: string | null
      readonly inMs: number
      readonly born: boolean
    }
  | { readonly do: 'claim'; readonly limit: number; readonly endpoint: string }
  | {
      readonly do: 'settle'
      readonly owner: string
      readonly pick: number
      readonly next: 'delivered' | 'dead' | 'cancelled' | 'pending'
    }
  | { readonly do: 'release' | 'cancel' | 'renew'; readonly owner: string; readonly pick: number }
  | { readonly do: 'bury'; readonly endpoint: string }
  | { readonly do: 'beat' | 'leave'; readonly owner: string }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'recover' | 'prune' }

const owner = fc.constantFrom('a', 'b')
const endpoint = fc.constantFrom('h/x', 'h/y')
const pick = fc.nat(30)
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('enqueue' as const),
        endpoint,
        orderKey: fc.constantFrom(null, 'k', 'l'),
        inMs: fc.constantFrom(0, 0, -second, 2 * second),
        born: fc.boolean(),
      }),
    },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('claim' as const), limit: fc.nat(3), endpoint }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        do: fc.constant('settle' as const),
        owner,
        pick,
        next: fc.constantFrom('delivered', 'dead', 'cancelled', 'pending'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constantFrom('release' as const, 'cancel' as const, 'renew' as const),
        owner,
        pick,
      }),
    },
    fc.record({ do: fc.constant('bury' as const), endpoint }),
    fc.record({ do: fc.constantFrom('beat' as const, 'leave' as const), owner }),
    {
      weight: 2,
      arbitrary: fc.record({
        do: fc.constant('wait' as const),
        ms: fc.constantFrom(second, 6 * second, 31 * second),
      }),
    },
    fc.record({ do: fc.constantFrom('recover' as const, 'prune' as const) }),
  ),
  { minLength: 10, maxLength: 60 },
)

/** What is written beside settlements. */
const counted = { kind: 'patch', collection: 'c', id: 'all', add: { settlements: 1 } } as const

/** Compares a store, step by step, with a list that is searched from one end to the other. */
class Model {
  readonly #store: Store
  readonly #all: Modelled[] = []
  readonly #beats = new Map<string, number>()
  /** Those with something beside them. */
  #settlements = 0
  #now = noon

  constructor(store: Store) {
    this.#store = store
  }

  async run(step: Step): Promise<void> {
    switch (step.do) {
      case 'enqueue':
        return this.#enqueue(step.endpoint, step.orderKey, step.inMs, step.born)
      case 'claim':
        return this.#claimByBoth(step.endpoint, step.limit)
      case 'settle':
        return this.#settle(step.owner, step.pick, step.next)
      case 'release':
        return this.#release(step.owner, step.pick)
      case 'cancel':
        return this.#cancel(step.pick)
      case 'renew':
        return this.#renew(step.owner, step.pick)
      case 'bury':
        return this.#bury(step.endpoint)
      case 'beat':
        this.#beats.set(step.owner, this.#now)
        return this.#store.beat(step.owner, this.#now)
      case 'leave':
        this.#beats.delete(step.owner)
        return this.#store.leave(step.owner)
      case 'wait':
        this.#now += step.ms
        return
      case 'recover':
        return this.#recover()
      case 'prune':
        return this.#prune()
    }
  }

  /** No delivery lost, none in another state than it should be. */
  async compare(): Promise<void> {
    const { rows } = await this.#store.deliveries({ limit: 1000 })
    const stored = rows.map((row) => [row.id, row.state, row.dueAt, row.attempts].join(' '))
    const modelled = this.#all.map((each) =>
      [each.id, each.state, each.dueAt, each.attempts].join(' '),
    )
    assert.deepEqual(stored.sort(), modelled.sort())

    const [counts] = await this.#store.records('c', ['all'])
    assert.deepEqual(counts?.value, { settlements: this.#settlements })

    const heads = this.#all.filter((each) => each.state === 'pending' && !this.#isHeld(each))
    const next = heads.length === 0 ? null : Math.min(...heads.map((each) => each.dueAt))
    assert.equal(await this.#store.nextDueAt(['h/x', 'h/y']), next)
    const { pending, sending, dead } = await this.#store.backlog()
    assert.deepEqual(
      [pending, sending, dead],
      ['pending', 'sending', 'dead'].map((state) => this.#count(state)),
    )
  }

  /** Settles everything that is left, so that nothing can be stuck. */
  async drain(): Promise<void> {
    this.#now += 3600 * second
    this.#beats.clear()
    await this.#recover()
    for (let left = this.#all.length; left >= 0; left -= 1) {
      await this.#claimByBoth('h/x', 100)
      await this.#claimByBoth('h/y', 100)
      for (const each of this.#all.filter(({ state }) => state === 'sending')) {
        await this.#settle(each.owner ?? '', this.#all.indexOf(each), 'delivered')
      }
    }
    assert.deepEqual(
      this.#all.filter((each) => !isSettled(each)),
      [],
    )
    await this.compare()
  }

  async #enqueue(to: string, orderKey: string | null, inMs: number, born: boolean): Promise<void> {
    const modelled: Modelled = {
      id: newDeliveryId(),
      endpoint: to,
      orderKey,
      state: 'pending',
      dueAt: this.#now + inMs,
      owner: null,
      until: 0,
      attempts: 0,
    }
    this.#all.push(modelled)
    const { id, dueAt } = modelled
    const message = aMessageTo({ id, endpoint: to, orderKey, dueAt }, this.#now)
    if (!born || orderKey !== null) return this.#store.enqueue([message])
    const lease = this.#lend(modelled, 'a')
    return this.#store.enqueue([message], { lease, ids: new Set([id]) })
  }

  /** Both hosts ask in the same turn; `a` is first, and nothing is given to both. */
  async #claimByBoth(from: string, limit: number): Promise<void> {
    const claims = ['a', 'b'].map((host) =>
      this.#store.claim(aClaim({ owner: host, now: this.#now, limit, endpoint: from })),
    )
    const expected = ['a', 'b'].map((host) =>
      this.#due(from, limit).map((each) => {
        this.#lend(each, host)
        return each.id
      }),
    )
    const claimed = (await Promise.all(claims)).map((rows) => rows.map((row) => row.id))
    assert.deepEqual(claimed, expected)
  }

  async #settle(
    host: string,
    index: number,
    next: 'delivered' | 'dead' | 'cancelled' | 'pending',
  ): Promise<void> {
    const each = this.#pick(index)
    if (each === undefined) return
    const dueAt = this.#now + second
    const settlement: Settlement = {
      id: each.id,
      owner: host,
      attempt: anAttempt({ number: each.attempts + 1 }),
      next:
        next === 'delivered'
          ? { kind: next }
          : next === 'pending'
            ? { kind: next, dueAt, reason: 'x' }
            : { kind: next, reason: 'x' },
      at: this.#now,
      ...(index % 2 === 0 && { beside: { records: [counted] } }),
    }
    const isHeld = each.state === 'sending' && each.owner === host
    assert.deepEqual(await this.#store.settle([settlement, settlement]), [isHeld, false])
    if (!isHeld) return
    each.attempts += 1
    if (settlement.beside !== undefined) this.#settlements += 1
    if (next === 'pending') this.#giveBack(each, dueAt)
    else this.#finish(each, next)
  }

  async #release(host: string, index: number): Promise<void> {
    const each = this.#pick(index)
    if (each === undefined) return
    await this.#store.release([each.id], host)
    if (each.state === 'sending' && each.owner === host) this.#giveBack(each, each.dueAt)
  }

  async #cancel(index: number): Promise<void> {
    const each = this.#pick(index)
    if (each === undefined) return
    const isWaiting = each.state === 'pending'
    assert.equal(await this.#store.cancel(each.id, this.#now), isWaiting)
    if (isWaiting) this.#finish(each, 'cancelled')
  }

  async #renew(host: string, index: number): Promise<void> {
    const each = this.#pick(index)
    if (each === undefined) return
    const isHeld = each.state === 'sending' && each.owner === host
    const until = this.#now + 30 * second
    const kept = await this.#store.renew([each.id], { owner: host, until })
    assert.deepEqual([...kept], isHeld ? [each.id] : [])
    if (isHeld) each.until = until
  }

  async #bury(at: string): Promise<void> {
    const waiting = this.#all.filter((each) => each.endpoint === at && each.state === 'pending')
    assert.equal(await this.#store.bury(at, 'gone', this.#now), waiting.length)
    for (const each of waiting) this.#finish(each, 'dead')
  }

  async #recover(): Promise<void> {
    const lost = this.#all.filter((each) => each.state === 'sending' && !this.#isSafe(each))
    assert.equal(await this.#store.recover(this.#now), lost.length)
    for (const each of lost) this.#giveBack(each, Math.min(each.dueAt, this.#now))
  }

  async #prune(): Promise<void> {
    const settled = this.#all.filter(isSettled)
    assert.equal(await this.#store.prune(this.#now + 1, 1000), settled.length)
    for (const each of settled) this.#all.splice(this.#all.indexOf(each), 1)
  }

  #due(from: string, limit: number): Modelled[] {
    const due = this.#all.filter(
      (each) =>
        each.endpoint === from &&
        each.state === 'pending' &&
        each.dueAt <= this.#now &&
        !this.#isHeld(each),
    )
    return due.sort((a, b) => a.dueAt - b.dueAt).slice(0, limit)
  }

  #isHeld({ endpoint: at, orderKey, id }: Modelled): boolean {
    if (orderKey === null) return false
    const line = this.#all.filter(
      (each) => each.endpoint === at && each.orderKey === orderKey && !isSettled(each),
    )
    return line[0]?.id !== id
  }

  #isSafe({ owner: host, until }: Modelled): boolean {
    const beatAt = this.#beats.get(host ?? '')
    return until > this.#now && beatAt !== undefined && this.#now - beatAt <= 10 * second
  }

  #lend(each: Modelled, host: string): { owner: string; until: number } {
    each.state = 'sending'
    each.owner = host
    each.until = this.#now + 30 * second
    return { owner: host, until: each.until }
  }

  #giveBack(each: Modelled, dueAt: number): void {
    each.state = 'pending'
    each.owner = null
    each.dueAt = dueAt
  }

  #finish(each: Modelled, state: 'delivered' | 'dead' | 'cancelled'): void {
    assert.ok(!isSettled(each), 'settled twice')
    each.state = state
    each.owner = null
  }

  #pick(index: number): Modelled | undefined {
    return this.#all[index % Math.max(this.#all.length, 1)]
  }

  #count(state: string): number {
    return this.#all.filter((each) => each.state === state).length
  }
}

function isSettled({ state }: Modelled): boolean {
  return state === 'delivered' || state === 'dead' || state === 'cancelled'
}

/** Whatever hosts do, in whatever order: no delivery is lost or settled twice, leases exclude each other, keys keep their order. */
export function testStoreModel(name: string, open: () => Promise<Store>, numRuns: number): void {
  describe(`store ${name} beside a model`, () => {
    it('does what the model does', async () => {
      await fc.assert(
        fc.asyncProperty(steps, async (sequence) => {
          await using store = await open()
          const value = { settlements: 0 }
          await store.writeRecords([{ kind: 'put', collection: 'c', id: 'all', value }])
          const model = new Model(store)
          for (const step of sequence) {
            await model.run(step)
            await model.compare()
          }
          await model.drain()
        }),
        { numRuns },
      )
    })
  })
}
