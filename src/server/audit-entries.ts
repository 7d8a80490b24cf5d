import { Type } from 'typebox'
import type { Redactor } from '../assembly/redactor.ts'
import type { AuditRow } from '../store/store.ts'
import type { App } from './app.ts'
import { success } from './envelope.ts'
import type { HostFace } from './host-face.ts'
import { storedText } from './stored-text.ts'

export interface AuditEntriesOptions {
  readonly face: Pick<HostFace, 'store'>
  readonly redactor: Redactor
}

const defaultPageSize = 20
/** Whoever asks for more gets this many. */
const largestPageSize = 100

const given = Type.Optional(storedText)
const query = Type.Object(
  {
    // So that the place of a row on a page stays a whole number.
    page: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000_000 })),
    pageSize: Type.Optional(Type.Integer({ minimum: 1 })),
    entityType: given,
    entityId: given,
    action: given,
  },
  { additionalProperties: false },
)

/** `GET /api/v1/audit-entries`: who did what, newest first, page by page. */
export function auditEntriesRoutes(app: App, { face, redactor }: AuditEntriesOptions): void {
  app.get('/api/v1/audit-entries', { schema: { querystring: query } }, async (request) => {
    const { page = 1, pageSize: wanted = defaultPageSize, ...filter } = request.query
    const pageSize = Math.min(wanted, largestPageSize)
    const found = await face.store.auditPage({
      ...filter,
      offset: (page - 1) * pageSize,
      limit: pageSize,
    })
    const totalPages = Math.max(1, Math.ceil(found.total / pageSize))
    return success(
      found.rows.map((row) => entryJson(row, redactor)),
      { page, pageSize, total: found.total, totalPages },
    )
  })
}

/** As the store has it, but for secrets, and the time in ISO 8601, UTC. */
function entryJson(row: AuditRow, redactor: Redactor): unknown {
  const { id, entityType, entityId, action, actor, details } = row
  const createdAt = new Date(row.createdAt).toISOString()
  return redactor.value({ id, entityType, entityId, action, actor, details, createdAt })
}
