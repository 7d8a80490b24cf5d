import type { RouteHeader } from '../connector/route-operation.ts'
import { holdsSchemas, inDraft2020, mapsOfSchemas } from '../schema/json-schema.ts'
import type { Reference } from './common.ts'
import { NamedParts } from './named-parts.ts'

type Json = Readonly<Record<string, unknown>>

/** What stands in the document once and is referred to: schemas with a name (their `$id`, else their `title`), and headers of answers. */
export class Components {
  readonly #schemas = new NamedParts()
  readonly #headers = new NamedParts()

  get schemas(): Readonly<Record<string, object>> {
    return this.#schemas.all
  }

  get headers(): Readonly<Record<string, object>> {
    return this.#headers.all
  }

  /** The header of an answer as it stands where it is used. */
  header(name: string, { description, schema }: RouteHeader): Reference {
    const header = { description, schema: this.place(schema) }
    return { $ref: `#/components/headers/${this.#headers.add(name, header)}` }
  }

  /** The schema as it stands where it is used: a reference, if it or what is in it has a name. */
  place(schema: object): Json {
    // What TypeBox keeps beside the schema does not survive this.
    const plain: Json = JSON.parse(JSON.stringify(inDraft2020(schema)))
    return this.#placed(plain)
  }

  #placed(schema: Json): Json {
    const { $id, ...rest } = schema
    const inner = this.#inside(rest)
    const wanted = nameOf($id) ?? nameOf(schema['title'])
    return wanted === undefined ? inner : { $ref: referenceTo(this.#schemas.add(wanted, inner)) }
  }

  #inside(schema: Json): Json {
    const entries = Object.entries(schema)
      .filter(([keyword]) => keyword !== 'x-carabiner')
      .map(([keyword, value]) => [keyword, this.#valueOf(keyword, value)])
    return Object.fromEntries(entries)
  }

  #valueOf(keyword: string, value: unknown): unknown {
    if (keyword === '$ref' && typeof value === 'string' && nameOf(value) === value) {
      return referenceTo(value)
    }
    if (!holdsSchemas.has(keyword)) return value
    if (Array.isArray(value)) return value.map((each) => this.#placedIfSchema(each))
    if (!mapsOfSchemas.has(keyword) || !isObject(value)) return this.#placedIfSchema(value)
    const entries = Object.entries(value).map(([name, each]) => [name, this.#placedIfSchema(each)])
    return Object.fromEntries(entries)
  }

  #placedIfSchema(value: unknown): unknown {
    return isObject(value) ? this.#placed(value) : value
  }
}

/** OpenAPI allows letters, digits, `.`, `_` and `-`; `undefined` for what has none of them. */
function nameOf(given: unknown): string | undefined {
  if (typeof given !== 'string') return undefined
  const name = given.replaceAll(/[^\w.-]+/g, '')
  return name === '' ? undefined : name
}

function referenceTo(name: string): string {
  return `#/components/schemas/${name}`
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
