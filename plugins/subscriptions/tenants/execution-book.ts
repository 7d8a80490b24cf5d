import type {
  DeliveryId,
  FoundRecord,
  RecordPlace,
  RecordPut,
  Scope,
  StoredRecord,
} from 'carabiner'
import { type Execution, type ExecutionFacts, executionOf } from './execution.ts'

/** Where it is kept which executions there are; what became of them stands with their deliveries. */
const collection = 'execution'
/** Records looked at for one page: a filter that fits few gets a short page and a cursor. */
const mostVisited = 1_000
const visitedAtOnce = 100

/** Which executions are listed. */
export interface ExecutionFilter {
  readonly tenant?: string | undefined
  readonly config?: string | undefined
  readonly status?: Execution['status'] | undefined
  readonly after?: RecordPlace | undefined
  /** 1 to 1,000. */
  readonly limit: number
}

export interface ExecutionPage {
  readonly executions: readonly Execution[]
  /** Where the next page begins; `undefined` on the last one. */
  readonly next: RecordPlace | undefined
}

/** The write that keeps an execution: `id` is that of its delivery. */
export function executionRecord(id: string, facts: ExecutionFacts, expiresAt: number): RecordPut {
  const { tenant, config } = facts
  return {
    kind: 'put',
    collection,
    id,
    expects: 'absent',
    value: facts,
    // Ids are sorted by time.
    entries: { all: [id], tenant: [`${tenant}\n${id}`], config: [`${tenant}\n${config}\n${id}`] },
    expiresAt,
  }
}

type Reading = Pick<Scope, 'records' | 'store' | 'redact'>

/** Executions, newest first. @throws {CarabinerError} STORE_UNAVAILABLE */
export async function listExecutions(
  scope: Reading,
  filter: ExecutionFilter,
): Promise<ExecutionPage> {
  const executions: Execution[] = []
  let next = filter.after
  for (let visited = 0; visited < mostVisited; ) {
    const found = await nextRecords(scope, filter, next)
    // Side by side: each is a look of its own.
    const loaded = await Promise.all(found.map((record) => fitting(scope, record, filter)))
    for (const [index, record] of found.entries()) {
      visited += 1
      next = { entry: record.entry, id: record.id }
      const execution = loaded[index]
      if (execution !== undefined) executions.push(execution)
      if (executions.length === filter.limit) return { executions, next }
    }
    if (found.length < lookedAt(filter)) return { executions, next: undefined }
  }
  return { executions, next }
}

/** Executions of these ids, in their order. @throws {CarabinerError} STORE_UNAVAILABLE */
export async function executionsById(
  scope: Reading,
  ids: readonly string[],
): Promise<readonly Execution[]> {
  const records = await scope.records.records(collection, ids)
  const known = records.filter((record) => record !== undefined)
  const executions = await Promise.all(
    known.map((record) => load(scope, record.id, factsIn(record))),
  )
  return executions.filter((execution) => execution !== undefined)
}

function nextRecords(
  { records }: Reading,
  filter: ExecutionFilter,
  after: RecordPlace | undefined,
): Promise<readonly FoundRecord[]> {
  return records.findRecords({
    collection,
    ...walkOf(filter.tenant, filter.config),
    order: 'descending',
    limit: lookedAt(filter),
    ...(after !== undefined && { after }),
  })
}

/** No more than are wanted, where all that are looked at fit. */
function lookedAt({ tenant, config, status, limit }: ExecutionFilter): number {
  const doAllFit = status === undefined && (config === undefined || tenant !== undefined)
  return doAllFit ? Math.min(limit, visitedAtOnce) : visitedAtOnce
}

function walkOf(
  tenant: string | undefined,
  config: string | undefined,
): { readonly index: string; readonly prefix: string } {
  if (tenant === undefined) return { index: 'all', prefix: '' }
  return config === undefined
    ? { index: 'tenant', prefix: `${tenant}\n` }
    : { index: 'config', prefix: `${tenant}\n${config}\n` }
}

async function fitting(
  scope: Reading,
  record: StoredRecord,
  { config, status }: ExecutionFilter,
): Promise<Execution | undefined> {
  const facts = factsIn(record)
  if (config !== undefined && facts.config !== config) return undefined
  const execution = await load(scope, record.id, facts)
  return status === undefined || execution?.status === status ? execution : undefined
}

/** `undefined` when retention has removed its delivery. */
async function load(
  scope: Reading,
  id: string,
  facts: ExecutionFacts,
): Promise<Execution | undefined> {
  const found = await scope.store.delivery(id as DeliveryId) // its record has the id of its delivery
  if (found === undefined) return undefined
  const { delivery, message, attempts, erasedAt } = found
  const responseStatus = attempts.at(-1)?.status ?? null
  const payload = erasedAt === null ? JSON.parse(new TextDecoder().decode(message.body)) : null
  return executionOf(facts, { ...delivery, responseStatus, payload }, scope)
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
function factsIn({ value }: StoredRecord): ExecutionFacts {
  return value as ExecutionFacts
}
