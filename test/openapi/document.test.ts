import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Type } from 'typebox'
import type { ConnectorRoute } from '../../src/connector/route.ts'
import { answer } from '../../src/connector/route-answer.ts'
import { type OpenApiDocument, openApiDocument } from '../../src/openapi/document.ts'

const Thing = Type.Object(
  { id: Type.String({ format: 'uuid' }), pair: Type.Tuple([Type.String(), Type.Integer()]) },
  { $id: 'Thing', additionalProperties: false },
)
const NewThing = Type.Object({ name: Type.String() }, { title: 'New thing' })

const things: readonly ConnectorRoute[] = [
  {
    method: 'POST',
    path: '/v1/owners/:owner/things/:thingId',
    params: Type.Object({
      owner: Type.String(),
      thingId: Type.String({ format: 'uuid', description: 'Of the thing' }),
    }),
    query: Type.Object({
      limit: Type.Optional(Type.Integer({ description: 'At most' })),
      q: Type.String(),
    }),
    body: NewThing,
    operation: {
      id: 'makeThing',
      summary: 'Make a thing',
      description: 'One.',
      tags: ['things'],
      security: 'api-key',
      scopes: ['things:write'],
      headers: { 'Idempotency-Key': { description: 'Once', schema: Type.String() } },
    },
    responses: {
      200: {
        description: 'Made',
        body: Type.Object({ things: Type.Array(Thing) }),
        headers: { 'X-Next-Cursor': { description: 'More', schema: Type.String() } },
      },
      422: {
        description: 'Unfit',
        body: Type.Object({ detail: Type.String() }, { title: 'Unfit' }),
      },
    },
    handle: () => null,
  },
  {
    method: 'GET',
    path: '/v1/owners/:owner/things/:thingId',
    operation: { id: 'getThing', summary: 'Get a thing' },
    responses: { 200: { description: 'It', body: Thing } },
    refuse: ({ status }) => answer(null, { status }),
    handle: () => null,
  },
  {
    method: 'GET',
    path: '/api/v1/kept',
    operation: { id: 'kept', summary: 'Kept' },
    handle: () => null,
  },
  {
    method: 'POST',
    path: '/api/v1/hooks/:provider',
    family: 'public',
    body: 'bytes',
    operation: { id: 'hook', summary: 'Hook' },
    handle: () => null,
  },
  { method: 'GET', path: '/v1/unsaid', handle: () => null },
]

function documentOf(routes: readonly ConnectorRoute[]): OpenApiDocument {
  return openApiDocument({ routes, version: '1.2.3', publicUrl: null })
}

describe('the description of the API', () => {
  it('is valid OpenAPI 3.1', async () => {
    const document = documentOf(things)

    const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(document)))

    assert.equal(valid, true, JSON.stringify(errors))
  })

  it('is found wrong by the test above when it is', async () => {
    const document = { ...documentOf(things), paths: { nowhere: 7 } }

    const { valid } = await new Validator().validate(JSON.parse(JSON.stringify(document)))

    assert.equal(valid, false)
  })

  it('has health, and each route that says what it is', () => {
    const { paths } = documentOf(things)

    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(
        ([method, { operationId }]) => `${method} ${path} ${operationId}`,
      ),
    )
    assert.deepEqual(operations, [
      'get /health getHealth',
      'post /v1/owners/{owner}/things/{thingId} makeThing',
      'get /v1/owners/{owner}/things/{thingId} getThing',
      'get /api/v1/kept kept',
      'post /api/v1/hooks/{provider} hook',
    ])
  })

  it('says of each call what it takes', () => {
    const call = documentOf(things).paths['/v1/owners/{owner}/things/{thingId}']?.['post']

    assert.deepEqual(call?.parameters, [
      { name: 'owner', in: 'path', required: true, schema: { type: 'string' } },
      {
        name: 'thingId',
        in: 'path',
        required: true,
        description: 'Of the thing',
        schema: { type: 'string', format: 'uuid' },
      },
      { name: 'limit', in: 'query', description: 'At most', schema: { type: 'integer' } },
      { name: 'q', in: 'query', required: true, schema: { type: 'string' } },
      { name: 'Idempotency-Key', in: 'header', description: 'Once', schema: { type: 'string' } },
      { $ref: '#/components/parameters/TraceId' },
      { $ref: '#/components/parameters/RequestId' },
    ])
    assert.deepEqual(call?.requestBody, {
      required: true,
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Newthing' } } },
    })
  })

  it('says of each call what it answers, and with what the host may refuse it', () => {
    const { paths } = documentOf(things)
    const statuses = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId, responses }) =>
        [operationId, ...Object.keys(responses)].join(' '),
      ),
    )
    const made = paths['/v1/owners/{owner}/things/{thingId}']?.['post']?.responses['200']

    assert.deepEqual(statuses, [
      'getHealth 200 500 503',
      'makeThing 200 400 401 413 415 422 500 503 508',
      'getThing 200 400 500 503 508',
      'kept 400 401 500 503 508',
      'hook 400 413 500 503 508',
    ])
    assert.deepEqual(Object.keys(made?.headers ?? {}), [
      'X-Trace-Id',
      'X-Request-Id',
      'X-Next-Cursor',
    ])
    assert.deepEqual(made?.content?.['application/json']?.schema, {
      type: 'object',
      required: ['things'],
      properties: { things: { type: 'array', items: { $ref: '#/components/schemas/Thing' } } },
    })
  })

  it('tells the form of the host’s refusals only for routes that have none of their own', () => {
    const call = documentOf(things).paths['/v1/owners/{owner}/things/{thingId}']

    const ofHost = call?.['post']?.responses['413']?.content?.['application/json']?.schema
    assert.deepEqual(ofHost, { $ref: '#/components/schemas/Failure' })
    assert.equal(call?.['get']?.responses['500']?.content, undefined)
  })

  it('has each schema with a name once, by its $id or title, as draft 2020-12 writes it', () => {
    const { schemas } = documentOf(things).components

    assert.deepEqual(Object.keys(schemas), ['Failure', 'Health', 'Newthing', 'Thing', 'Unfit'])
    assert.deepEqual(schemas['Thing'], {
      additionalProperties: false,
      type: 'object',
      required: ['id', 'pair'],
      properties: {
        id: { type: 'string', format: 'uuid' },
        pair: {
          type: 'array',
          items: false,
          prefixItems: [{ type: 'string' }, { type: 'integer' }],
          minItems: 2,
        },
      },
    })
  })

  it('tells two schemas of one name apart', () => {
    const called = (schema: object) => Type.Object({ a: Type.Unsafe(schema) }, { title: 'Same' })
    const routes = [called({ type: 'string' }), called({ type: 'integer' })].map(
      (body, at): ConnectorRoute => ({
        method: 'GET',
        path: `/v1/at${at}`,
        operation: { id: `at${at}`, summary: 'At' },
        responses: { 200: { description: 'It', body } },
        handle: () => null,
      }),
    )

    const { paths, components } = documentOf(routes)

    const schemaAt = (at: number) =>
      paths[`/v1/at${at}`]?.['get']?.responses['200']?.content?.['application/json']?.schema
    assert.deepEqual(
      [schemaAt(0), schemaAt(1)],
      [{ $ref: '#/components/schemas/Same' }, { $ref: '#/components/schemas/Same2' }],
    )
    assert.notDeepEqual(components.schemas['Same'], components.schemas['Same2'])
  })

  it('says who may call: key and what it is good for, management key, or everybody', () => {
    const { paths, components } = documentOf(things)
    const security = Object.values(paths).flatMap((methods) =>
      Object.values(methods).map((operation) => operation.security),
    )

    assert.deepEqual(security, [
      [],
      [{ apiKey: ['things:write'] }, { bearer: ['things:write'] }],
      [],
      [{ managementKey: [] }],
      [],
    ])
    assert.deepEqual(Object.keys(components.securitySchemes), ['apiKey', 'bearer', 'managementKey'])
  })
})
