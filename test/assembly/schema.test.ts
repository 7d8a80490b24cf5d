// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what an assembly may contain
import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { parse } from 'yaml'
import { builtInConnectors } from '../../src/assembly/built-in.ts'
import { loadAssembly } from '../../src/assembly/load-assembly.ts'
import { assemblySchema, connectorSchema } from '../../src/assembly/schema.ts'
import type { Connector } from '../../src/connector/connector.ts'
import { Validator } from '../../src/schema/validator.ts'
import { AssemblyFile, testBuiltIn } from '../helpers/assembly-file.ts'
import { badFiles } from './bad-files.ts'

const examples = fileURLToPath(new URL('../../config/examples', import.meta.url))
const builtInFolder = fileURLToPath(new URL('../../plugins', import.meta.url))

/** As an editor would check a file: strictly, with an Ajv of its own. */
function checker(connectors: readonly Connector[]): (value: unknown) => string {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, allErrors: true })
  addFormats.default(ajv)
  const schema = assemblySchema(connectors.map((connector) => ({ id: connector.name, connector })))
  const matches = ajv.compile(schema)
  return (value) => (matches(value) ? '' : ajv.errorsText(matches.errors))
}

describe('the published JSON Schema', async () => {
  const complaint = checker(await builtInConnectors(testBuiltIn))

  for (const { wrong, yaml } of badFiles.filter(({ schema }) => schema === true)) {
    it(`refuses what the loader refuses: ${wrong}`, () => {
      assert.notEqual(complaint(parse(yaml)), '')
    })
  }

  it('is asked about most of the bad files', () => {
    assert.ok(badFiles.filter(({ schema }) => schema === true).length >= 50)
  })

  it('lets a reference stand for a value of any type', () => {
    const file = {
      host: { store: '${STORE}', server: { port: '${PORT:-8484}', cors: '${CORS}' } },
      meter: {
        limit: '${LIMIT}',
        loud: '${LOUD}',
        every: '${EVERY:-10s}',
        site: 'https://${HOST}/',
      },
    }

    assert.equal(complaint(file), '')
  })

  it('takes a stanza with nothing in it', () => {
    assert.equal(complaint({ host: null, meter: null }), '')
  })

  it('tells editors what a key means, what it is when left out, and what it may look like', () => {
    const schema = JSON.stringify(assemblySchema([]))

    assert.match(schema, /"description":"Deadline of an event that has none of its own"/)
    assert.match(schema, /"default":"30s"/)
    assert.match(schema, /"examples":\["sqlite:/)
  })

  it('describes every key, those of the built-in connectors too', async () => {
    const connectors = await builtInConnectors(builtInFolder)
    const schema = assemblySchema(
      connectors.map((connector) => ({ id: connector.name, connector })),
    )

    const paths = keysOf(schema, '')

    assert.ok(paths.described.length > 80)
    assert.deepEqual(paths.undescribed, [])
  })

  it('describes one connector alone', async () => {
    const [courier] = await builtInConnectors(testBuiltIn)
    assert.ok(courier)

    const schema = connectorSchema({ connector: courier })

    assert.equal(schema['title'], 'courier')
    assert.equal(schema['description'], 'Carries events away')
  })
})

interface Keys {
  readonly described: readonly string[]
  readonly undescribed: readonly string[]
}

/** The paths of all properties in a schema, with and without a description. */
function keysOf(schema: unknown, path: string): Keys {
  if (typeof schema !== 'object' || schema === null) return { described: [], undescribed: [] }
  const inner = Object.entries(schema).map(([key, value]): Keys => {
    if (key === 'examples' || key === 'dependentSchemas') return merge([])
    if (key !== 'properties') return keysOf(value, path)
    return merge(
      Object.entries(value).map(([name, property]) => {
        const at = `${path}/${name}`
        const has = Object.hasOwn(property as object, 'description')
        const own = { described: has ? [at] : [], undescribed: has ? [] : [at] }
        return merge([own, keysOf(property, at)])
      }),
    )
  })
  return merge(inner)
}

function merge(parts: readonly Keys[]): Keys {
  return {
    described: parts.flatMap(({ described }) => described),
    undescribed: parts.flatMap(({ undescribed }) => undescribed),
  }
}

describe('config/examples', async () => {
  const files = (await readdir(examples)).filter((file) => file.endsWith('.yaml'))

  it('are there', () => assert.ok(files.length >= 3))

  for (const name of files) {
    it(`${name} is valid, for the loader and for the schema`, async () => {
      const file = `${examples}/${name}`
      const env = {
        POLICY_SECRET: 'policy-secret',
        WAREHOUSE_SECRET: 'warehouse-secret',
        MANAGEMENT_KEY: 'management-key-of-mine',
        SHOP_KEY: 'key-of-the-shop-of-mine',
        OPS_KEY: 'key-of-the-operators-of-mine',
        ACME_SECRET: 'acme-secret',
        GLOBEX_SECRET: 'globex-secret',
        GITHUB_SECRET: 'github-secret',
        OLD_GITHUB_SECRET: 'github-secret-of-before',
        STRIPE_SECRET: 'whsec_stripe-secret',
        BILLING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
        TWILIO_TOKEN: 'twilio-token',
        ORDERS_SECRET: 'orders-secret',
        FRAUD_SECRET: 'fraud-secret',
        CALLBACK_SECRET: '07'.repeat(32),
      }

      const loaded = await loadAssembly(file, { env, builtInFolder, validator: new Validator() })

      assert.deepEqual(loaded.kind === 'invalid' ? loaded.problems : [], [])
      const connectors = loaded.kind === 'valid' ? loaded.assembly.connectors : []
      const complaint = checker(connectors.map(({ connector }) => connector))
      assert.equal(complaint(parse(await readFile(file, 'utf8'), { merge: true })), '')
    })
  }
})

describe('what both say', () => {
  it('agrees on a file that is right', async () => {
    using file = new AssemblyFile('connectors: [meter]\nmeter:\n  every: 1h30m\n  tags: [a]\n')

    assert.deepEqual(await file.problems(), [])
    const complaint = checker(await builtInConnectors(testBuiltIn))
    assert.equal(complaint(parse('meter:\n  every: 1h30m\n  tags: [a]\n')), '')
  })
})
