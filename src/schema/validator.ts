import { createRequire } from 'node:module'
import type { Ajv2020, ErrorObject, ValidateFunction } from 'ajv/dist/2020.js'
import type { FormatsPlugin } from 'ajv-formats'
import { type Mismatch, messageOf } from '../errors.ts'
import { constrainsNothing, inDraft2020 } from './json-schema.ts'
import { describeErrors, type Finding, findingsOf } from './mismatches.ts'
import { readableMoment } from './moment-format.ts'
import { fitsPlainly, isPlain } from './plain-schema.ts'
import { firstErrors } from './union-errors.ts'

/** Says what is wrong with a value; an empty list: it matches. */
export type Check = (value: unknown) => readonly Mismatch[]

/** A check that says what of the schema each mismatch is about. */
export type Inspection = (value: unknown) => readonly Finding[]

const none: readonly never[] = []

/** A check that is used more often than this is worth compiling. */
const callsUncompiled = 16

/** Of a value with more mistakes than this, the first are told: what is wrong with a long list is put into words in bounded time. */
const mostErrors = 200

const load = createRequire(import.meta.url)

/**
 * Checks values against JSON Schemas (2020-12) and TypeBox signatures.
 *
 * Nothing is compiled, and Ajv is not even loaded, before a value needs it: both cost more than the rest of a host's
 * start.
 */
export class Validator {
  readonly #allErrors: boolean
  readonly #checks = new WeakMap<object, Check>()
  readonly #fillers = new WeakMap<object, Check>()
  readonly #inspections = new WeakMap<object, Inspection>()
  readonly #examinations = new WeakMap<object, Inspection>()
  #plain: Ajv2020 | undefined
  #filling: Ajv2020 | undefined

  /** @param options - `allErrors`: every mismatch is reported, not only the first @defaultValue false */
  constructor(options: { readonly allErrors?: boolean } = {}) {
    this.#allErrors = options.allErrors ?? false
  }

  /**
   * The check for a schema, made once per schema object and compiled when it is first used.
   *
   * A schema that cannot be compiled throws a `TypeError` at that first use; `problem` finds it earlier.
   */
  compile(schema: object): Check {
    return remembered(this.#checks, schema, () =>
      unlessOpen(schema, () =>
        plainlyAtFirst(
          schema,
          lazily(schema, () => this.#ajv(), describeErrors),
        ),
      ),
    )
  }

  /** Like `compile`, but the check fills the schema's defaults into the value it is given. */
  compileWithDefaults(schema: object): Check {
    return remembered(this.#fillers, schema, () =>
      unlessOpen(schema, () => lazily(schema, () => this.#ajvWithDefaults(), describeErrors)),
    )
  }

  /** Like `compileWithDefaults`, with the keyword of the schema that each mismatch is about. */
  inspect(schema: object): Inspection {
    return remembered(this.#inspections, schema, () =>
      lazily(schema, () => this.#ajvWithDefaults(), findingsOf),
    )
  }

  /** Like `compile`, with the keyword of the schema that each mismatch is about, and the member that is missing or must not be there. */
  examine(schema: object): Inspection {
    return remembered(this.#examinations, schema, () =>
      lazily(schema, () => this.#ajv(), findingsOf),
    )
  }

  /** What makes a schema written by a user unusable, compiled on the spot; `undefined`: nothing. */
  problem(schema: unknown): string | undefined {
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) {
      return 'a schema is an object'
    }
    const ajv = this.#ajv()
    try {
      // `false`: no throw but an answer. Asynchronous schemas (`$async`), the other kind of answer, are refused below.
      if (ajv.validateSchema(schema, false) !== true) return schemaComplaint(ajv)
      compiled(ajv, schema)
      return undefined
    } catch (error) {
      return messageOf(error)
    }
  }

  #ajv(): Ajv2020 {
    this.#plain ??= makeAjv(this.#allErrors, false)
    return this.#plain
  }

  #ajvWithDefaults(): Ajv2020 {
    this.#filling ??= makeAjv(this.#allErrors, true)
    return this.#filling
  }
}

function remembered<T>(cache: WeakMap<object, T>, schema: object, make: () => T): T {
  let check = cache.get(schema)
  if (check === undefined) {
    check = make()
    cache.set(schema, check)
  }
  return check
}

function unlessOpen(schema: object, make: () => Check): Check {
  return constrainsNothing(schema) ? onlyItsType(schema) : make()
}

function onlyItsType(schema: { readonly type?: unknown }): Check {
  if (schema.type !== 'object') return () => none
  return (value) => {
    const matches = typeof value === 'object' && value !== null && !Array.isArray(value)
    return matches ? none : [{ pointer: '', message: 'must be an object' }]
  }
}

/** Walks a plain schema while that is cheaper than to compile it; what is wrong with a value is left to the compiled check. */
function plainlyAtFirst(schema: object, check: Check): Check {
  let left: number | undefined
  return (value) => {
    left ??= isPlain(schema) ? callsUncompiled : 0
    if (left === 0) return check(value)
    left -= 1
    // Proof of the cast: a plain schema is a record.
    return fitsPlainly(schema as Readonly<Record<string, unknown>>, value) ? none : check(value)
  }
}

function lazily<M extends Mismatch>(
  schema: object,
  ajv: () => Ajv2020,
  describe: (errors: readonly ErrorObject[], value: unknown) => readonly M[],
): (value: unknown) => readonly M[] {
  let validate: ValidateFunction | undefined
  return (value) => {
    validate ??= compiled(ajv(), schema)
    if (validate(value) === true) return none
    return describe(firstErrors(validate.errors ?? [], mostErrors), value)
  }
}

function compiled(ajv: Ajv2020, schema: object): ValidateFunction {
  if ('$async' in schema) throw new TypeError('asynchronous schemas (`$async`) are not supported')
  try {
    return ajv.compile(inDraft2020(schema))
  } catch (error) {
    throw new TypeError(`the schema cannot be used: ${messageOf(error)}`, { cause: error })
  }
}

function makeAjv(allErrors: boolean, useDefaults: boolean): Ajv2020 {
  // Proof of the casts: these are the packages' own CommonJS entry points, whose types are imported above.
  const ajvModule = load('ajv/dist/2020.js') as { Ajv2020: typeof Ajv2020 }
  const formatsModule = load('ajv-formats') as { default: FormatsPlugin }
  const ajv = new ajvModule.Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    // `when: { required: [amount] }` says all it has to.
    strictRequired: false,
    ownProperties: true,
    allErrors,
    useDefaults,
    // Signatures made by TypeBox are valid; what a user wrote goes through `problem`. The meta-schema costs 20 ms.
    validateSchema: false,
    addUsedSchema: false,
    logger: false,
  })
  formatsModule.default(ajv)
  ajv.addFormat('date-time', readableMoment(dateTimeOf(formatsModule.default)))
  ajv.addKeyword('x-carabiner')
  return ajv
}

function dateTimeOf(formats: FormatsPlugin): (text: string) => boolean {
  // Proof of the cast: `ajv-formats` defines it as a function beside the one that compares.
  const { validate } = formats.get('date-time') as { validate: (text: string) => boolean }
  return validate
}

function schemaComplaint(ajv: Ajv2020): string {
  const [first] = describeErrors(ajv.errors ?? [], undefined)
  if (first === undefined) return 'is not a JSON Schema'
  return first.pointer === '' ? first.message : `${first.pointer} ${first.message}`
}
