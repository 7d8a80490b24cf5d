import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import { answerChecker, type Exchange } from '../../src/testing/answer-checker.ts'

const check = answerChecker([
  {
    method: 'GET',
    path: '/v1/notes/:id',
    responses: {
      200: {
        description: 'The note',
        body: Type.Object({ id: Type.String() }, { additionalProperties: false }),
        headers: { 'X-Left': { description: 'Left', schema: Type.String({ pattern: '^\\d+$' }) } },
      },
      204: { description: 'Nothing' },
    },
  },
])

const exchange = (given: Partial<Exchange>): Exchange => ({
  method: 'GET',
  path: '/v1/notes/7?deep=true',
  status: 200,
  headers: new Headers({ 'x-left': '3' }),
  body: '{"id":"7"}',
  ...given,
})

describe('answerChecker', () => {
  it('finds nothing wrong with what is as the route says', () => {
    assert.deepEqual(check(exchange({})), [])
    assert.deepEqual(check(exchange({ headers: new Headers() })), [])
    assert.deepEqual(check(exchange({ status: 204, body: '' })), [])
    const headers = new Headers({ allow: 'GET, HEAD' })
    assert.deepEqual(check(exchange({ method: 'PUT', status: 405, headers, body: '{}' })), [])
  })

  for (const [what, given, expected] of [
    [
      'a body that does not fit',
      { body: '{"id":7,"x":1}' },
      ['body must not have `x`', 'body/id must be a string, is a number'],
    ],
    ['a body that is no JSON', { body: '<html>' }, [/^the body of 200 is not JSON: /]],
    ['a body where there is none', { status: 204 }, ['expected no body with 204']],
    [
      'a status nobody spoke of',
      { status: 418 },
      ['GET /v1/notes/:id says nothing of the status 418'],
    ],
    [
      'a header that does not fit',
      { headers: new Headers({ 'x-left': 'many' }) },
      ['header X-Left must match pattern "^\\d+$"'],
    ],
    ['a path nobody has', { path: '/v1/notes' }, ['no route has the path /v1/notes']],
    ['a path with nothing in it', { path: '/v1/notes/' }, ['no route has the path /v1/notes/']],
    [
      'another method that is not refused',
      { method: 'PUT' },
      ['expected 405 with Allow for PUT, got 200'],
    ],
  ] as const) {
    it(`finds ${what}`, () => {
      const problems = check(exchange(given))

      assert.equal(problems.length, expected.length, problems.join('; '))
      for (const [at, each] of expected.entries()) {
        if (typeof each === 'string') assert.equal(problems[at], each)
        else assert.match(problems[at] ?? '', each)
      }
    })
  }
})
