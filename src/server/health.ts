import type { FastifyRequest } from 'fastify'
import type { Redactor } from '../assembly/redactor.ts'
import type { Clock } from '../clock.ts'
import type { App } from './app.ts'
import { accessOf } from './caller.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HealthCheck, HostFace } from './host-face.ts'
import type { Access } from './management-key.ts'
import { retryAfterSeconds } from './request-error.ts'

export interface HealthOptions {
  readonly face: Pick<HostFace, 'health' | 'state' | 'store'>
  readonly redactor: Redactor
  readonly clock: Clock
  readonly version: string
}

interface Health {
  readonly ok: boolean
  readonly status: 'ok' | 'degraded'
  readonly checks: Readonly<
    Record<string, { readonly status: 'ok' | 'error'; readonly detail?: string }>
  >
}

/**
 * Whether the host is alive, ready, and in good health: for machines, without a key.
 *
 * What a failed check says itself names addresses and files: it is for who shows a management key.
 */
export function healthRoutes(
  app: App,
  judge: (presented: string | undefined) => Access,
  options: HealthOptions,
): void {
  const look = (request: FastifyRequest): Promise<Health> =>
    inspect(options, accessOf(request, judge).kind === 'granted')

  app.get('/health', async (request, reply) => {
    const { ok, status, checks } = await look(request)
    reply.status(ok ? 200 : 503)
    return { ok, status, version: options.version, checks }
  })

  app.get('/api/v1/health', { schema: { querystring: noQuery } }, async (request, reply) => {
    const { ok, status, checks } = await look(request)
    reply.status(ok ? 200 : 503)
    return success({ status, timestamp: new Date(options.clock.now()).toISOString(), checks })
  })

  // Alive is who answers: a host that is restarted because its store is away is not helped.
  app.get('/livez', async () => ({ ok: true }))

  app.get('/readyz', async (request, reply) => {
    const state = options.face.state()
    const { checks } = await look(request)
    // Without its proxy a host can send nothing, but it takes and keeps what comes in.
    const isStoreThere = checks[options.face.store.name]?.status === 'ok'
    const isReady = isStoreThere && state === 'ready'
    reply.status(isReady ? 200 : 503)
    if (!isReady) reply.header('retry-after', retryAfterSeconds)
    return { ok: isReady, state, checks }
  })
}

async function inspect(options: HealthOptions, inDetail: boolean): Promise<Health> {
  const results = await inTime(options)
  const ok = results.every((check) => check.ok)
  const named = results.map((check) => [check.name, describe(check, options, inDetail)] as const)
  return { ok, status: ok ? 'ok' : 'degraded', checks: Object.fromEntries(named) }
}

/** Characters of what a check says. */
const longestDetail = 8_192

function describe(
  { ok, detail }: HealthCheck,
  { redactor }: Pick<HealthOptions, 'redactor'>,
  inDetail: boolean,
): Health['checks'][string] {
  const status = ok ? 'ok' : 'error'
  if (detail === undefined || !inDetail) return { status }
  // Cut when it is masked: of a secret nothing would be left to know it by.
  return { status, detail: redactor.text(detail).slice(0, longestDetail) }
}

/** Milliseconds after which a check that does not answer has failed: whoever asks will not wait much longer. */
const patienceMs = 2_000

async function inTime({ face, clock }: HealthOptions): Promise<readonly HealthCheck[]> {
  const answered = new AbortController()
  const tooLate = clock.sleep(patienceMs, answered.signal).then(() => [silent(face.store.name)])
  try {
    return await Promise.race([face.health(), tooLate])
  } finally {
    tooLate.catch(() => undefined) // our own abort
    answered.abort()
  }
}

function silent(name: string): HealthCheck {
  return { name, ok: false, detail: `no answer within ${patienceMs / 1_000} s` }
}
