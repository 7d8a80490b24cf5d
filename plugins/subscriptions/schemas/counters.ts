import { type TInteger, Type } from 'typebox'
import type { Counters } from '../counters.ts'

const count = (description: string): TInteger => Type.Integer({ minimum: 0, description })

/** The five counters, as fields of an answer. */
export const counterFields: Readonly<Record<keyof Counters, TInteger>> = {
  queued_deliveries: count('Created for active subscriptions'),
  processed_deliveries: count('Attempted before the answer'),
  delivered: count('Of those queued'),
  pending: count('Of those queued'),
  dead_lettered: count('Of those queued: given up, or cancelled'),
}
