import type { RouteRefusal } from '../connector/route-answer.ts'

/** A success as every answer under `/api/v1` tells it. */
export interface Success {
  readonly success: true
  readonly data: unknown
  readonly meta: Readonly<Record<string, unknown>>
}

/** A failure as every answer of the server tells it. */
export interface Failure {
  readonly success: false
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: Readonly<Record<string, unknown>>
  }
}

export function success(data: unknown, meta: Readonly<Record<string, unknown>> = {}): Success {
  return { success: true, data: data ?? null, meta }
}

export function failure({ code, message, details = {} }: RouteRefusal): Failure {
  return { success: false, error: { code, message, details } }
}
