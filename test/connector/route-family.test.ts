import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RouteFamilyOfConnectors } from '../../src/connector/route.ts'
import { familyOf } from '../../src/connector/route-family.ts'

describe('the family of a route', () => {
  for (const [path, family, expected] of [
    ['/v1/things', undefined, 'public'],
    ['/v1/things/:id/parts', 'public', 'public'],
    ['/api/v1/things', undefined, 'management'],
    ['/api/v1/things', 'public', 'public'],
    ['/api/callbacks/:id/complete', undefined, 'callbacks'],
    ['/hooks/:id/complete', 'callbacks', 'callbacks'],
    ['/:id/complete', 'callbacks', 'callbacks'],
  ] as const) {
    it(`of ${path}${family === undefined ? '' : `, said to be ${family},`} is ${expected}`, () => {
      assert.equal(familyOf({ path, ...(family !== undefined && { family }) }), expected)
    })
  }

  for (const path of [
    '/things',
    '/api/v2/things',
    '/v1',
    '/v1/',
    '/v1/*',
    '/v1/:id(\\d+)',
    '/v1/a/',
    '/health',
    '/v1/../health',
    'v1/x',
    '',
  ]) {
    it(`cannot be told for the path \`${path}\``, () => {
      const message = /^the route `.*` cannot be served: /
      assert.throws(() => familyOf({ path }), { code: 'CONNECTOR_FAILED', message })
    })
  }

  for (const [path, family] of [
    ['/v1/things', 'management'],
    ['/v1/things', 'callbacks'],
    ['/api/v1/things', 'callbacks'],
    ['/api/callbacks/x', 'public'],
    ['/things', 'public'],
    ['/things', 'management'],
  ] satisfies [string, RouteFamilyOfConnectors][]) {
    it(`of ${path} cannot be ${family}`, () => {
      assert.throws(() => familyOf({ path, family }), {
        code: 'CONNECTOR_FAILED',
        message: /family/,
      })
    })
  }
})
