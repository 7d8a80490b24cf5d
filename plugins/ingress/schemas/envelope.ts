import { type TObject, type TSchema, Type } from 'typebox'
import { anyObject, closed } from './fields.ts'

/** An answer under `/api/v1` that it went well. */
export function success(data: TSchema, meta: TObject = noMeta): TObject {
  return Type.Object({ success: Type.Unsafe<true>({ const: true }), data, meta }, closed)
}

/** A list, page by page. */
export function page(item: TSchema, meta: TObject = PageMeta): TObject {
  return success(Type.Array(item, { maxItems: largestPageSize }), meta)
}

/** Entries of a page; whoever asks for more gets this many. */
export const largestPageSize = 100
export const defaultPageSize = 20

const noMeta = Type.Object({}, closed)

const pageMeta = {
  page: Type.Integer({ minimum: 1 }),
  pageSize: Type.Integer({ minimum: 1, maximum: largestPageSize }),
  total: Type.Integer({ minimum: 0, description: 'On all pages' }),
  totalPages: Type.Integer({ minimum: 1 }),
}

const PageMeta = Type.Object(pageMeta, { ...closed, title: 'PageMeta' })

/** Of pages whose entries may be too many to be counted. */
export const CountedPageMeta: TObject = Type.Object(
  {
    ...pageMeta,
    totalIsExact: Type.Optional(
      Type.Unsafe<false>({
        const: false,
        description:
          'Only there when there are more than `total`, and more pages than `totalPages`',
      }),
    ),
  },
  { ...closed, title: 'CountedPageMeta' },
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
