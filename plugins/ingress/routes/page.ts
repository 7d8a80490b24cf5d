import type { RouteAnswer } from 'carabiner'
import type { PageOf } from '../books/page.ts'
import { defaultPageSize, largestPageSize } from '../schemas/envelope.ts'
import { exactAnswer } from './management-route.ts'

/** What a query says of the page that is wanted. */
interface PageQuery {
  readonly page?: number
  readonly pageSize?: number
}

/** Which part of a list is wanted. */
export interface Place {
  readonly page: number
  readonly pageSize: number
  readonly offset: number
  readonly limit: number
}

export function placeOf({ page = 1, pageSize: wanted = defaultPageSize }: PageQuery): Place {
  const pageSize = Math.min(wanted, largestPageSize)
  return { page, pageSize, offset: (page - 1) * pageSize, limit: pageSize }
}

export function pageAnswer<Item>(
  { page, pageSize }: Place,
  { items, total, totalIsExact = true }: PageOf<Item>,
): RouteAnswer {
  const totalPages = Math.max(1, Math.ceil(total / pageSize))
  const meta = { page, pageSize, total, totalPages }
  return exactAnswer(items, totalIsExact ? meta : { ...meta, totalIsExact })
}

/** The part of a list that is here as a whole. */
export function cut<Item>(items: readonly Item[], { offset, limit }: Place): PageOf<Item> {
  return { items: items.slice(offset, offset + limit), total: items.length }
}
