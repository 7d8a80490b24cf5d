import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { actionNames } from '../../plugins/callbacks/actions.ts'
import { managementRoutes } from '../../plugins/callbacks/routes/management.ts'
import ingress from '../../plugins/ingress/index.ts'
import subscriptions from '../../plugins/subscriptions/index.ts'
import type { OpenApiDocument } from '../../src/openapi/document.ts'
import { isOpenApiUpToDate } from '../../tools/openapi.ts'

// `npm run api -- --local` writes it in this form.
const document: OpenApiDocument = JSON.parse(
  readFileSync(new URL('../../carabiner.openapi.json', import.meta.url), 'utf8'),
)

describe('carabiner.openapi.json', () => {
  it('describes the routes as they are: `npm run api -- --local` writes it', () => {
    assert.ok(isOpenApiUpToDate())
  })

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate({ ...document })

    assert.equal(valid, true, JSON.stringify(errors))
  })

  it('has every route of the connectors, each under an id of its own', () => {
    const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods))
    const ids = operations.map(({ operationId }) => operationId)
    const routes = [subscriptions.routes, ingress.routes, managementRoutes, actionNames]
    const { length } = routes.flat()

    assert.ok(length > 20)
    assert.equal(ids.length, length + 1)
    assert.equal(new Set(ids).size, ids.length)
  })

  it('says of every refusal what it looks like', () => {
    for (const [path, methods] of Object.entries(document.paths)) {
      for (const [method, { responses }] of Object.entries(methods)) {
        const bare = Object.entries(responses).filter(([, { content }]) => content === undefined)
        assert.deepEqual(bare, [], `${method} ${path}`)
      }
    }
  })
})
