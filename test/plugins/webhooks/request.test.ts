import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type TSchema, Type } from 'typebox'
import { exampleOf } from '../../../plugins/webhooks/example-value.ts'
import {
  afterRequest,
  beforeRequest,
  bodySchema,
  type WebhookContent,
} from '../../../plugins/webhooks/request.ts'
import { defineEvent } from '../../../src/bus/event.ts'
import { inDraft2020 } from '../../../src/schema/json-schema.ts'
import { Validator } from '../../../src/schema/validator.ts'

const adjust = defineEvent('order.adjust', {
  description: 'Changes one component',
  params: Type.Object({ component: Type.String(), amount: Type.Number({ minimum: 5 }) }),
  result: Type.Object({ applied: Type.Number() }),
})

const facts = {
  event: 'order.adjust',
  params: { component: 'größe 🎒', amount: 7 },
  dispatchId: '01945e3a-7c00-7000-8000-000000000001',
  traceId: 'trace-1',
  actor: undefined,
}
const question = { ...facts, dryRun: false, deadline: Date.UTC(2026, 0, 1, 12, 0, 30) }
const stamp = { id: '01945e3a-7c00-7000-8000-000000000002', createdAt: Date.UTC(2026, 0, 1, 12) }

function parsed({ body }: WebhookContent): unknown {
  return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body))
}

function mismatches(schema: object, value: unknown): readonly unknown[] {
  return new Validator({ allErrors: true }).compile(schema)(value)
}

describe('the body of before', () => {
  it('has the fields of the contract, in UTF-8', () => {
    const request = beforeRequest(question, stamp)

    assert.deepEqual(parsed(request), {
      id: stamp.id,
      event: 'before:order.adjust',
      dispatch_id: facts.dispatchId,
      created_at: '2026-01-01T12:00:00.000Z',
      params: facts.params,
      actor: null,
      trace_id: 'trace-1',
      dry_run: false,
      deadline: '2026-01-01T12:00:30.000Z',
    })
  })

  it('hands out the callback that decides', () => {
    const id = '550e8400-e29b-41d4-a716-446655440000'
    const url = `https://hooks.example.com/api/callbacks/${id}/complete`
    const ticket = { id, url, signature: null, expiresAt: Date.UTC(2026, 0, 1, 13) }

    const body = parsed(beforeRequest(question, stamp, {}, ticket))

    assert.partialDeepStrictEqual(body, {
      deadline: '2026-01-01T12:00:30.000Z',
      callback: { id, url, signature: null, expires_at: '2026-01-01T13:00:00.000Z' },
    })
    for (const share of ['all', 'some'] as const)
      assert.deepEqual(mismatches(bodySchema('before', adjust, share), body), [])
  })

  it('names its content type after the phase and the event', () => {
    assert.equal(
      beforeRequest(question, stamp).contentType,
      'application/vnd.carabiner.before.order.adjust+json; version=1',
    )
    assert.equal(
      beforeRequest(question, stamp, { contentType: 'application/json' }).contentType,
      'application/json',
    )
  })
})

describe('the body of after', () => {
  it('has the results, errors without their code', () => {
    const error = { code: 'HANDLER_FAILED', name: 'TypeError', message: 'no' }
    const results = [
      { connector: 'a', value: { applied: 1 } },
      { connector: 'b', error },
      { connector: 'c', value: null },
    ]

    const request = afterRequest({ ...facts, actor: 'ada', results }, stamp)

    assert.deepEqual(parsed(request), {
      id: stamp.id,
      event: 'after:order.adjust',
      dispatch_id: facts.dispatchId,
      created_at: '2026-01-01T12:00:00.000Z',
      params: facts.params,
      results: [
        { connector: 'a', value: { applied: 1 } },
        { connector: 'b', error: { name: 'TypeError', message: 'no' } },
        { connector: 'c', value: null },
      ],
      actor: 'ada',
      trace_id: 'trace-1',
    })
    assert.equal(
      request.contentType,
      'application/vnd.carabiner.after.order.adjust+json; version=1',
    )
  })
})

describe('a body', () => {
  it('says what no JSON can say as the outcome over HTTP says it', () => {
    const circle: Record<string, unknown> = { count: 10n, at: new Date(0), not: Number.NaN }
    circle['itself'] = circle
    const results = [{ connector: 'a', value: circle }]

    const body = parsed(afterRequest({ ...facts, params: { amount: 10n }, results }, stamp))

    assert.partialDeepStrictEqual(body, {
      id: stamp.id,
      params: { amount: '10' },
      results: [
        {
          connector: 'a',
          value: { count: '10', at: '1970-01-01T00:00:00.000Z', not: null, itself: '[circular]' },
        },
      ],
    })
  })

  it('is canonical JSON for an endpoint that is signed for with pyfly', () => {
    const { body } = beforeRequest(question, stamp, { signatures: ['standard', 'pyfly'] })

    const text = new TextDecoder().decode(body)
    assert.match(text, /^\{"actor":null,"created_at":"2026/)
    assert.match(text, /"params":\{"amount":7,"component":"gr\\u00f6\\u00dfe \\ud83c\\udf92"\}/)
    assert.deepEqual(JSON.parse(text), parsed(beforeRequest(question, stamp)))
  })
})

describe('the schema of a body', () => {
  it('takes the bodies that are sent', () => {
    const results = [
      { connector: 'a', value: { applied: 1 } },
      { connector: 'b', error: { code: 'X', name: 'E', message: '' } },
    ]

    const before = parsed(beforeRequest(question, stamp))
    const after = parsed(afterRequest({ ...facts, results }, stamp))

    assert.deepEqual(mismatches(bodySchema('before', adjust), before), [])
    assert.deepEqual(mismatches(bodySchema('after', adjust), after), [])
  })

  it('refuses other params, results and events', () => {
    const body = exampleOf(bodySchema('after', adjust)) as object // of an object schema

    for (const wrong of [
      { params: { component: 'web', amount: 1 } },
      { results: [{ connector: 'a', value: { applied: 'x' } }] },
      { event: 'after:adjust' },
      { created_at: 'yesterday' },
    ]) {
      assert.notDeepEqual(mismatches(bodySchema('after', adjust), { ...body, ...wrong }), [])
    }
  })

  it('wants a callback where every webhook hands one out, and gives an example of one', () => {
    const { callback: _, ...without } = exampleOf(bodySchema('before', adjust, 'all')) as {
      callback: unknown
    } // of an object schema with this property

    assert.notDeepEqual(mismatches(bodySchema('before', adjust, 'all'), without), [])
    assert.deepEqual(mismatches(bodySchema('before', adjust, 'some'), without), [])
    const example = exampleOf(bodySchema('before', adjust, 'some'))
    assert.deepEqual(mismatches(bodySchema('before', adjust, 'all'), example), [])
    assert.match(JSON.stringify(example), /\/complete"/)
  })

  it('is JSON Schema 2020-12 also where the signature has tuples', () => {
    const event = defineEvent('pair', {
      params: Type.Object({ pair: Type.Tuple([Type.String(), Type.Number()]) }),
    })

    const published = JSON.parse(JSON.stringify(inDraft2020(bodySchema('before', event))))

    assert.equal(published.$schema, 'https://json-schema.org/draft/2020-12/schema')
    assert.equal(published.properties.params.properties.pair.prefixItems.length, 2)
    assert.equal(new Validator().problem(published), undefined)
  })
})

describe('an example', () => {
  const schemas: readonly TSchema[] = [
    adjust.params,
    Type.Object({ at: Type.String({ format: 'date-time' }), id: Type.String({ format: 'uuid' }) }),
    Type.Object({
      n: Type.Integer({ minimum: 7, multipleOf: 5 }),
      big: Type.Number({ exclusiveMinimum: 9 }),
    }),
    Type.Object({ small: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 0.5 }) }),
    Type.Object({ below: Type.Number({ maximum: -3 }), none: Type.Null(), any: Type.Unknown() }),
    Type.Object({ s: Type.String({ minLength: 9 }), t: Type.String({ maxLength: 2 }) }),
    Type.Object({
      list: Type.Array(Type.Boolean(), { minItems: 3 }),
      few: Type.Array(Type.Null(), { maxItems: 0 }),
    }),
    Type.Object({ u: Type.Union([Type.Literal('a'), Type.Number()]), e: Type.Enum(['x', 'y']) }),
    Type.Object({
      both: Type.Intersect([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Number() })]),
    }),
    Type.Object({ code: Type.String({ pattern: '^[A-Z]{3}$', examples: ['ABC'] }) }),
    Type.Object({
      map: Type.Record(Type.String(), Type.Number()),
      maybe: Type.Optional(Type.String()),
    }),
    Type.Object({
      pair: Type.Tuple([Type.String(), Type.Integer()]),
      d: Type.Number({ default: 4 }),
    }),
  ]
  for (const params of schemas) {
    it(`matches ${JSON.stringify(params)}`, () => {
      const event = defineEvent('example', {
        params: Type.Object({ inner: params }),
        result: params,
      })

      for (const phase of ['before', 'after'] as const) {
        const schema = bodySchema(phase, event)
        assert.deepEqual(mismatches(schema, exampleOf(schema)), [])
      }
    })
  }

  it('matches any bounds of a number', () => {
    const bounds = fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 1e6 }))

    fc.assert(
      fc.property(bounds, fc.boolean(), ([low, width], open) => {
        const schema = open
          ? { type: 'number', exclusiveMinimum: low, exclusiveMaximum: low + width + 1 }
          : { type: 'integer', minimum: low, maximum: low + width }
        return mismatches(schema, exampleOf(schema)).length === 0
      }),
      { numRuns: 30 },
    )
  })
})
