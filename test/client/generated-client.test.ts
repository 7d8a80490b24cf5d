import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import createClient, { type Middleware } from 'openapi-fetch'
import openapiTypes from 'openapi-typescript'
import type { OpenApiDocument } from '../../src/openapi/document.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { type Api, opsKey, startApi } from '../plugins/subscriptions/api.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that `carabiner/client` is found from there. */
const workbench = join(root, '.cache/generated-client')
const program = join(workbench, 'every-operation.ts')

describe('a client that is generated from /openapi.json', () => {
  let endpoint: Receiver
  let api: Api
  let types = ''
  let document: OpenApiDocument

  before(async () => {
    rmSync(workbench, { recursive: true, force: true })
    mkdirSync(workbench, { recursive: true })
    copyFileSync(new URL('./every-operation.txt', import.meta.url), program)
    endpoint = await receiver()
    api = await startApi({ stanza: stanzaFor(endpoint.url) })
    const url = new URL(`${api.project.url}/openapi.json`)
    document = JSON.parse(await (await fetch(url)).text())
    types = await openapiTypes(url)
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
    rmSync(workbench, { recursive: true, force: true })
  })

  it('compiles in a program that calls every operation, and has the types of carabiner/client', () => {
    assert.equal(compile(types), '')
  })

  for (const [what, has, instead, complaint] of [
    ['loses a field', 'secret_hint: string | null;', '', /secret_hint.*does not exist/],
    ['has one more', 'occurred_at: string;', 'occurred_at: string; more?: 1;', /"getWebhookEvent"/],
    ['takes one more', 'grace?:', 'more?: 1; grace?:', /"rotateWebhookSubscriptionSecret"/],
    ['is asked for more', 'include_inactive?:', 'more?: 1; include_inactive?:', /Subscriptions"/],
  ] as const) {
    it(`does not compile when the description ${what}`, () => {
      assert.ok(types.includes(has))

      assert.match(compile(types.replaceAll(has, instead)), complaint)
    })
  }

  it('calls every operation of a host, and gets what the description says', async () => {
    const told = { tenant: 'acme', type: 'OrderPlaced', payload: { order: 7 }, wait: '5s' }
    assert.equal((await api.project.host.dispatch('subscriptions.publish', told)).kind, 'completed')
    const answers: Answer[] = []
    const headers = { 'x-api-key': opsKey }
    const client = createClient({ baseUrl: api.project.url, headers })
    client.use(recorder(answers))

    const { everyOperation } = await import(pathToFileURL(program).href)
    await everyOperation(client, endpoint.url)

    const called = new Set(answers.map(({ operation }) => operation))
    assert.deepEqual(called, new Set(operationsOf(document)))
    assert.deepEqual(answers.flatMap(problemsIn(document)), [])
  })
})

function stanzaFor(url: string): string {
  return `settle_wait: 5s
tenants:
  acme: [{ name: suite, subscriptions: [{ event_type: OrderPlaced, target_url: ${url} }] }]`
}

interface Answer {
  /** `get /v1/capabilities` */
  readonly operation: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly body: unknown
}

function recorder(answers: Answer[]): Middleware {
  return {
    async onResponse({ request, response, schemaPath: path }) {
      const { status } = response
      const method = request.method.toLowerCase()
      const body = await response.clone().json()
      answers.push({ operation: `${method} ${path}`, method, path, status, body })
    },
  }
}

function operationsOf({ paths }: OpenApiDocument): readonly string[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  )
}

/** Holds answers against the schemas of the document as it was served. */
function problemsIn(document: OpenApiDocument): (answer: Answer) => readonly unknown[] {
  const ajv = addFormats.default(new Ajv2020({ strict: false, allErrors: true }))
  ajv.addSchema({ ...document, $id: 'api' })
  return ({ operation, method, path, status, body }) => {
    const steps = ['paths', path, method, 'responses', status, 'content', 'application/json']
    const pointer = [...steps, 'schema'].map(escaped).join('/')
    const isValid = ajv.compile({ $ref: `api#/${pointer}` })
    return isValid(body) ? [] : [{ operation, status, errors: isValid.errors }]
  }
}

function escaped(step: string | number): string {
  return encodeURIComponent(String(step).replaceAll('~', '~0').replaceAll('/', '~1'))
}

/** What the compiler has to say about the program with these types. */
function compile(types: string): string {
  writeFileSync(join(workbench, 'api.ts'), types)
  const config = { extends: join(root, 'tsconfig.json'), include: ['.'] }
  writeFileSync(join(workbench, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const { stdout, stderr } = spawnSync(tsc, ['-p', workbench, '--singleThreaded'], {
    cwd: workbench,
    encoding: 'utf8',
  })
  return stdout + stderr
}
