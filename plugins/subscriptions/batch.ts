import { createHash } from 'node:crypto'
import { newId, rawItems, rawMember, type StoredAnswer } from 'carabiner'
import type { ApiCall } from './api-route.ts'
import { fingerprintOf, keyIn } from './once.ts'
import { publishedBody, type Submitted, submit } from './publication.ts'
import type { BatchBody, PublishBody } from './schemas/event.ts'
import { errorBody } from './surface.ts'

/**
 * Publishes events side by side, each decided on by itself; what is stored is stored in as few commits as the store likes.
 *
 * With an idempotency key the ids of the events come from it: a batch that is sent again, because a crash kept its answer from coming, stores
 * nothing twice.
 *
 * @throws what kept one of them from being stored; the others are
 */
export async function publishBatch(call: ApiCall, { events }: BatchBody): Promise<StoredAnswer> {
  const texts = rawItems(rawMember(new TextDecoder().decode(call.request.bytes), 'events') ?? '[]')
  const ids = idsFor(call, events.length)
  const settled = await call.service.batches.with(events.length, () =>
    Promise.allSettled(
      events.map((body, index) =>
        submit(call, { id: ids[index] ?? newId(), body, text: texts[index] ?? '{}' }),
      ),
    ),
  )
  const submitted = settled.map((each) => {
    if (each.status === 'rejected') throw each.reason
    return each.value
  })
  const results = events.map((body, index) => resultOf(call, body, submitted[index]))
  return { status: 200, body: { ok: true, results } }
}

function resultOf(call: ApiCall, body: PublishBody, submitted: Submitted | undefined): unknown {
  // One for each event: they were made from the same list.
  if (submitted === undefined) return undefined
  return submitted.kind === 'published'
    ? publishedBody(call, body, submitted.publication)
    : { ok: false, ...errorBody(submitted.refused) }
}

function idsFor(call: ApiCall, count: number): readonly string[] {
  const key = keyIn(call)
  const indexes = Array.from({ length: count }, (_, index) => index)
  if (key === undefined) return indexes.map(() => newId())
  const seed = JSON.stringify([call.caller.id, call.route, key, fingerprintOf(call)])
  return indexes.map((index) => idFrom(`${seed} ${index}`))
}

/** A UUID of one's own making (version 8, RFC 9562 §5.8): the same for the same seed. */
function idFrom(seed: string): string {
  const hex = createHash('sha256').update(seed).digest('hex')
  const variant = ((Number.parseInt(hex.charAt(16), 16) & 3) | 8).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
