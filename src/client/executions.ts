import type { Enveloped } from './enveloped.ts'
import type { CallOptions, Transport } from './transport.ts'

/** One event on its way to one receiver of a tenant. Times in RFC 3339. */
export interface Execution {
  /** Of its delivery. */
  readonly id: string
  readonly tenant: string
  /** The name of the configuration. */
  readonly config: string
  readonly eventType: string
  /** With credentials and query values masked. */
  readonly targetUrl: string
  /** What it is told; `null` once it was erased. */
  readonly payload: unknown
  readonly status: ExecutionStatus
  readonly attempts: number
  /** `http <status>`, what else went wrong, or `null`. */
  readonly lastError: string | null
  /** Of the last answer. */
  readonly responseStatus: number | null
  readonly createdAt: string
  readonly deliveredAt: string | null
}

/** Where an execution stands; `FAILED`: given up, or cancelled. */
export type ExecutionStatus = 'PENDING' | 'DELIVERED' | 'FAILED'

/** Which executions, and which page of them. */
export interface ListExecutions {
  readonly tenant?: string
  /** The name of a configuration. */
  readonly config?: string
  readonly status?: ExecutionStatus
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
}

/** Executions, newest first. A page may have fewer than its limit. */
export interface ExecutionsPage {
  readonly executions: readonly Execution[]
  /** `null` on the last page. */
  readonly nextCursor: string | null
}

/** An operator's way to what the tenants of a host were told, with its management key. */
export interface ExecutionsClient {
  list(
    query?: ListExecutions,
    options?: Pick<CallOptions, 'traceId' | 'signal'>,
  ): Promise<ExecutionsPage>
}

export function executionsClient(transport: Pick<Transport, 'call'>): ExecutionsClient {
  return {
    async list(query, options) {
      const { body } = await transport.call({
        ...options,
        method: 'GET',
        path: '/api/v1/executions',
        query: { ...query },
        access: 'management',
      })
      // The server holds every answer against the schema that these types follow; a test holds the two together.
      const { data, meta } = body as Enveloped
      const executions = data as readonly Execution[]
      return { executions, nextCursor: meta['nextCursor'] as string | null }
    },
  }
}
