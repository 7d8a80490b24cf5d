import { type TObject, type TSchema, Type } from 'typebox'
import { anyObject, closed } from './fields.ts'

/** An answer under `/api/v1` that it went well. */
export function success(data: TSchema, meta: TObject = noMeta): TObject {
  return Type.Object({ success: Type.Unsafe<true>({ const: true }), data, meta }, closed)
}

/** A list, page by page. */
export function page(item: TSchema): TObject {
  return success(Type.Array(item, { maxItems: largestPageSize }), PageMeta)
}

/** Entries of a page; whoever asks for more gets this many. */
export const largestPageSize = 100
export const defaultPageSize = 20

const noMeta = Type.Object({}, closed)

const PageMeta = Type.Object(
  {
    page: Type.Integer({ minimum: 1 }),
    pageSize: Type.Integer({ minimum: 1, maximum: largestPageSize }),
    total: Type.Integer({ minimum: 0, description: 'On all pages' }),
    totalPages: Type.Integer({ minimum: 1 }),
  },
  { ...closed, title: 'PageMeta' },
)

/** Parameters of a query that say which page. */
export const pageFields = {
  page: Type.Optional(
    // So that the place of an entry on a page stays a whole number.
    Type.Integer({ minimum: 1, maximum: 1_000_000_000, default: 1, description: 'From 1' }),
  ),
  pageSize: Type.Optional(
    Type.Integer({
      minimum: 1,
      default: defaultPageSize,
      description: `Entries of a page; more than ${largestPageSize} is ${largestPageSize}`,
    }),
  ),
} as const

/** The form of every refusal: as the host's own description of the API has it. */
export const Failure: TObject = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String({ description: 'Branch on it: messages may change' }),
      message: Type.String(),
      details: Type.Unsafe<Readonly<Record<string, unknown>>>({ ...anyObject }),
    }),
  },
  { title: 'Failure' },
)
