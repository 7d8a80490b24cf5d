import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { KeyBook } from '../../../src/access/key-book.ts'
import { systemClock } from '../../../src/clock.ts'
import { type Api, startApi } from './api.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'

const owners = ['agent://a/1', 'agent://a/2', 'agent://b/1', 'agent://b', 'agent://a/1*']

interface Key {
  readonly owner: string
  readonly mayActFor: readonly string[]
}

/** One call: which key, for whom it says it acts, what it does, to which of the objects made so far. */
interface Step {
  readonly key: number
  readonly actsFor: string | undefined
  readonly what:
    | 'subscribe'
    | 'publish'
    | 'list'
    | 'show'
    | 'change'
    | 'revoke'
    | 'replay'
    | 'deliveries'
  readonly object: number
}

const someKeys: fc.Arbitrary<readonly Key[]> = fc.array(
  fc.record({
    owner: fc.constantFrom(...owners),
    mayActFor: fc.array(fc.constantFrom('agent://a/*', 'agent://b*', 'agent://b/1', '*/1'), {
      maxLength: 2,
    }),
  }),
  { minLength: 2, maxLength: 4 },
)

const someSteps: fc.Arbitrary<readonly Step[]> = fc.array(
  fc.record({
    key: fc.nat(3),
    actsFor: fc.option(fc.constantFrom(...owners), { nil: undefined }),
    what: fc.constantFrom(
      'subscribe',
      'publish',
      'list',
      'show',
      'change',
      'revoke',
      'replay',
      'deliveries',
    ),
    object: fc.nat(20),
  }),
  { minLength: 5, maxLength: 30 },
)

interface Made {
  readonly kind: 'subscription' | 'event'
  readonly id: string
  readonly owner: string
}

/** The model: who may act for whom, told apart from how the connector does it. */
function mayActFor({ owner, mayActFor: patterns }: Key, wanted: string): boolean {
  const matches = (pattern: string): boolean =>
    new RegExp(`^${pattern.replace(/[^*\w]/g, '\\$&').replaceAll('*', '.*')}$`).test(wanted)
  return wanted === owner || patterns.some(matches)
}

describe('owners', () => {
  it('never see what is not theirs, whatever keys call whatever', { timeout: 60_000 }, async () => {
    await using api = await startApi()
    const keys = new KeyBook(api.project.host.store, systemClock)
    await fc.assert(
      fc.asyncProperty(someKeys, someSteps, async (wanted, steps) => {
        const made = await Promise.all(wanted.map((key) => keys.create(key, 'tests')))
        const secrets = made.map(({ secret }) => secret)
        await new Run(api, wanted, secrets).all(steps)
      }),
      { numRuns: 40 },
    )
  })
})

let runs = 0

class Run {
  readonly #api: Api
  readonly #keys: readonly Key[]
  readonly #secrets: readonly string[]
  readonly #made: Made[] = []
  readonly #run: number

  constructor(api: Api, keys: readonly Key[], secrets: readonly string[]) {
    this.#api = api
    this.#keys = keys
    this.#secrets = secrets
    runs += 1
    this.#run = runs
  }

  async all(steps: readonly Step[]): Promise<void> {
    for (const step of steps) await this.#take(step)
  }

  async #take({ key: number, actsFor, what, object }: Step): Promise<void> {
    const index = number % this.#keys.length
    const key = this.#keys[index]
    if (key === undefined) return
    const call = {
      key: this.#secrets[index] ?? '',
      headers: actsFor === undefined ? {} : { 'x-owner-agent': actsFor },
    }
    const owner = actsFor ?? key.owner
    const chosen = this.#made[object % Math.max(1, this.#made.length)]
    const [method, path, body] = requestFor(what, chosen, `${this.#run}-${this.#made.length}`)

    const answered = await this.#api.call(method, path, { ...call, body })

    if (!mayActFor(key, owner)) {
      assert.equal(answered.status, 403)
      assert.equal(answered.text.includes(chosen?.id ?? '•'), false)
      return
    }
    this.#remember(what, answered.json, owner)
    for (const { id, owner: whose } of this.#made) {
      if (whose !== owner) assert.equal(answered.text.includes(id), false, `${id} seen by ${owner}`)
    }
    if (path.includes('/0198a6a2-') || (chosen !== undefined && path.includes(chosen.id))) {
      await this.#holdAgainstUnknown(method, path, body, call, chosen, owner, answered)
    }
  }

  /** What is another's is told in the very words of what there never was. */
  async #holdAgainstUnknown(
    method: string,
    path: string,
    body: unknown,
    call: object,
    chosen: Made | undefined,
    owner: string,
    answered: { readonly status: number; readonly text: string },
  ): Promise<void> {
    if (chosen === undefined || chosen.owner === owner) return
    const unknown = await this.#api.call(method, path.replace(chosen.id, nobody), { ...call, body })
    assert.equal(answered.status, 404)
    assert.deepEqual([unknown.status, unknown.text], [404, answered.text])
  }

  #remember(what: Step['what'], json: { readonly [field: string]: unknown }, owner: string): void {
    if (what === 'publish') {
      this.#made.push({ kind: 'event', id: String(json['event_id']), owner })
    }
    if (what === 'subscribe') {
      const { subscription_id: id } = json['subscription'] as { readonly subscription_id: string }
      this.#made.push({ kind: 'subscription', id, owner })
    }
  }
}

const nobody = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'

function requestFor(
  what: Step['what'],
  chosen: Made | undefined,
  name: string,
): readonly [string, string, unknown] {
  const id = chosen?.id ?? nobody
  const one = chosen?.kind === 'event' ? `${events}/${id}` : `${subscriptions}/${id}`
  switch (what) {
    case 'subscribe':
      return [
        'POST',
        subscriptions,
        { callback_url: `http://127.0.0.1:9/${name}`, event_types: ['a.b'] },
      ]
    case 'publish':
      return ['POST', events, { event_type: 'order.created', source: 'tests', payload: {} }]
    case 'list':
      return ['GET', `${subscriptions}?include_inactive=true&limit=1000`, undefined]
    case 'show':
      return ['GET', one, undefined]
    case 'deliveries':
      return ['GET', `${one}/deliveries`, undefined]
    case 'change':
      return ['PATCH', `${subscriptions}/${id}`, { active: false }]
    case 'revoke':
      return ['DELETE', `${subscriptions}/${id}`, undefined]
    case 'replay':
      return ['POST', `${events}/${id}/replay`, undefined]
  }
}
