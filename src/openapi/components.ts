import { holdsSchemas, inDraft2020, mapsOfSchemas } from '../schema/json-schema.ts'

type Json = Readonly<Record<string, unknown>>

/** Schemas with a name: their `$id`, else their `title`. Each stands in the document once, and is referred to. */
export class Components {
  readonly #schemas = new Map<string, { readonly text: string; readonly schema: Json }>()

  /** In the order of their names. */
  get schemas(): Readonly<Record<string, object>> {
    const entries = [...this.#schemas].map(([name, { schema }]) => [name, schema] as const)
    return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
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
    return wanted === undefined ? inner : { $ref: referenceTo(this.#named(wanted, inner)) }
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

  /** The name itself, unless another schema has it already. */
  #named(wanted: string, schema: Json): string {
    const text = JSON.stringify(schema)
    for (let count = 1; ; count++) {
      const name = count === 1 ? wanted : `${wanted}${count}`
      const known = this.#schemas.get(name)
      if (known === undefined) this.#schemas.set(name, { text, schema })
      if (known === undefined || known.text === text) return name
    }
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
