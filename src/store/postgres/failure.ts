// SQLSTATE codes, https://www.postgresql.org/docs/current/errcodes-appendix.html

/** Raised by the routines of the schema, about what a caller gave. */
export const raised = {
  messageDiffers: 'CB001',
  messageErased: 'CB002',
  otherVersion: 'CB003',
  otherStore: 'CB004',
  recordConflict: 'CB005',
  auditHeadMoved: 'CB006',
  notSettled: 'CB007',
} as const

const uniqueViolation = '23505'
/** A key is longer than an index takes. */
const programLimitExceeded = '54000'
/** Two transactions waited for each other, or could not be put in an order: this one was undone, and may be made again. */
const conflicts: ReadonlySet<string> = new Set(['40P01', '40001'])
/** The schema, a table or a routine of the store is not there. */
const missing: ReadonlySet<string> = new Set(['3F000', '42P01', '42883'])

/** What was asked for is at fault, not the store: everything else asked now may well succeed. */
export function isRefusal(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return false
  return state === programLimitExceeded || ['CB', '22', '23'].includes(state.slice(0, 2))
}

export function isConflict(error: unknown): boolean {
  return conflicts.has(sqlState(error) ?? '')
}

export function isMissingSchema(error: unknown): boolean {
  return missing.has(sqlState(error) ?? '')
}

/** The value of the key that is stored already; `undefined` when this is another error. */
export function duplicateKey(error: unknown, table: string): string | undefined {
  if (sqlState(error) !== uniqueViolation || fieldOf(error, 'table') !== table) return undefined
  return /=\((.*)\)/s.exec(fieldOf(error, 'detail') ?? '')?.[1] ?? 'with the same id'
}

/** Whether a row cannot be stored because of what a unique index has already. */
export function isDuplicateIn(error: unknown, index: string): boolean {
  return sqlState(error) === uniqueViolation && fieldOf(error, 'constraint') === index
}

/** What a routine said of an error it raised with the given code. */
export function raisedDetail(error: unknown, code: string): string | undefined {
  return sqlState(error) === code ? (fieldOf(error, 'detail') ?? '') : undefined
}

function sqlState(error: unknown): string | undefined {
  const code = fieldOf(error, 'code')
  // Errors of the network have codes, too: ECONNRESET.
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) ? code : undefined
}

function fieldOf(
  error: unknown,
  field: 'code' | 'detail' | 'table' | 'constraint',
): string | undefined {
  if (!(error instanceof Error) || !(field in error)) return undefined
  const value: unknown = Reflect.get(error, field)
  return typeof value === 'string' ? value : undefined
}
