import type { Redactor } from '../assembly/redactor.ts'
import type { AttemptRow, DeliveryRow } from '../store/store.ts'

/** A delivery as the management API and `deliveries list --json` show it; times in ISO 8601, UTC. */
export interface DeliveryJson {
  readonly id: string
  readonly messageId: string
  readonly endpoint: string
  readonly state: string
  readonly attempts: number
  readonly dueAt: string
  readonly lastError: string | null
  readonly createdAt: string
  readonly settledAt: string | null
}

/** A delivery with its attempts in place of their number. */
export interface DeliveryDetailJson extends Omit<DeliveryJson, 'attempts'> {
  readonly attempts: readonly AttemptJson[]
}

interface AttemptJson {
  readonly number: number
  readonly startedAt: string
  readonly durationMs: number
  readonly phases: Readonly<Record<string, number>>
  readonly outcome: string
  readonly status: number | null
  readonly responseHeaders: Readonly<Record<string, string>> | null
  /** What the receiver answered, as text. */
  readonly responseBody: string | null
  readonly error: string | null
}

export function deliveryJson(row: DeliveryRow, redactor: Redactor): DeliveryJson {
  const { id, messageId, endpoint, state, attempts, dueAt, lastError, createdAt, settledAt } = row
  return {
    id,
    messageId,
    endpoint: redactor.text(endpoint),
    state,
    attempts,
    dueAt: iso(dueAt),
    lastError: lastError === null ? null : redactor.text(lastError),
    createdAt: iso(createdAt),
    settledAt: settledAt === null ? null : iso(settledAt),
  }
}

export function deliveryDetailJson(
  row: DeliveryRow,
  attempts: readonly AttemptRow[],
  redactor: Redactor,
): DeliveryDetailJson {
  return {
    ...deliveryJson(row, redactor),
    attempts: attempts.map((attempt) => attemptJson(attempt, redactor)),
  }
}

function attemptJson(attempt: AttemptRow, redactor: Redactor): AttemptJson {
  const { number, startedAt, durationMs, phases, outcome, status } = attempt
  return {
    number,
    startedAt: iso(startedAt),
    durationMs,
    phases,
    outcome,
    status,
    responseHeaders: masked(attempt.responseHeaders, redactor),
    responseBody: attempt.responseBody === null ? null : textOf(attempt.responseBody, redactor),
    error: attempt.error === null ? null : redactor.text(attempt.error),
  }
}

function masked(
  headers: AttemptRow['responseHeaders'],
  redactor: Redactor,
): AttemptJson['responseHeaders'] {
  if (headers === null) return null
  const entries = Object.entries(headers)
  return Object.fromEntries(entries.map(([name, value]) => [name, redactor.text(value)]))
}

function textOf(body: Uint8Array, redactor: Redactor): string {
  return redactor.text(new TextDecoder().decode(body))
}

function iso(ms: number): string {
  return new Date(ms).toISOString()
}
