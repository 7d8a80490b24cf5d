import type { Callback } from '../callbacks/callback.ts'
import type { RecordPlace } from '../store/records.ts'
import type { AnsweredCallback } from './answered-callbacks.ts'
import { dispatchWaiter, hostWaiter, metaOf } from './callback-meta.ts'
import type { DispatchRecord, VersionedDispatch } from './dispatch-record.ts'
import type { KeeperParts } from './keeper-parts.ts'
import type { Absence, OtherHosts } from './other-hosts.ts'
import type { Resumption } from './resumption.ts'

export interface AnswerRoundParts extends KeeperParts {
  readonly others: OtherHosts
  readonly resumption: Resumption
}

/** What is to be done about an answer. `leave`: it is another's, or comes too early. */
type Step = 'take-up' | 'discard' | 'leave'

const pageSize = 1_000

/**
 * How long an answer is left to the host that parked the dispatch: it looks more often than that, and a promise may be open there. After it any
 * host goes on: the one that parked it may have been restarted.
 */
const holderFirstMs = 500

/** Walks along the answers that nobody has taken: goes on with what is for this host, and leaves the rest. */
export class AnswerRound {
  readonly #parts: AnswerRoundParts

  constructor(parts: AnswerRoundParts) {
    this.#parts = parts
  }

  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  async walk(): Promise<void> {
    await this.#walkOf(dispatchWaiter)
    await this.#walkOf(hostWaiter)
  }

  async #walkOf(waiter: string): Promise<void> {
    let place: RecordPlace | undefined
    do {
      const { answered, next } = await this.#parts.answered.page(waiter, place, pageSize)
      await this.#take(answered)
      place = next
    } while (place !== undefined)
  }

  async #take(page: readonly AnsweredCallback[]): Promise<void> {
    const { answers, resumption } = this.#parts
    const isAwaited = ({ callback }: AnsweredCallback): boolean => answers.has(callback.id)
    await Promise.all(page.filter(isAwaited).map((answer) => resumption.give(answer)))
    const rest = page.filter((answer) => !isAwaited(answer))
    if (rest.length > 0) await this.#takeStored(rest)
  }

  /** Those whose dispatches stand in the store, if anywhere. */
  async #takeStored(rest: readonly AnsweredCallback[]): Promise<void> {
    const groups = Map.groupBy(rest, ({ callback }) => metaOf(callback)?.dispatch ?? null)
    const ids = [...groups.keys()].filter((id) => id !== null)
    const found = await this.#parts.dispatches.findAll(ids)
    const dispatches = new Map(ids.map((id, index) => [id, found[index]]))
    // After the records: whoever wrote one of them has beaten before.
    const isGone = await this.#absence(rest, found)
    const taking = [...groups].map(([id, answers]) => {
      const dispatch = id === null ? undefined : dispatches.get(id)
      return this.#takeOf(dispatch, answers, isGone)
    })
    await Promise.all(taking)
  }

  async #takeOf(
    dispatch: VersionedDispatch | undefined,
    answers: readonly AnsweredCallback[],
    isGone: Absence,
  ): Promise<void> {
    const { hostId, clock, resumption } = this.#parts
    const looking = { hostId, isGone, now: clock.now() }
    const steps = Map.groupBy(answers, (answer) => stepOf(answer, dispatch?.record, looking))
    const vain = steps.get('discard') ?? []
    await Promise.all(vain.map((each) => resumption.discard(each)))
    if (dispatch === undefined) for (const { callback } of vain) this.#tellVain(callback)
    const decisive = steps.get('take-up') ?? []
    if (dispatch === undefined || decisive.length === 0 || !resumption.hasRoom) return
    await resumption.takeUp(dispatch, decisive)
  }

  /** Whoever answered was told that it counts, and it came to nothing. */
  #tellVain(callback: Callback): void {
    if (callback.resolvedBy === 'expiry') return
    this.#parts.log.warn(
      { callback: callback.id, dispatchId: metaOf(callback)?.dispatch ?? null },
      'an answer came to nothing: nobody waits for it any more',
    )
  }

  /** Which hosts are gone. The store is asked only when it matters. */
  async #absence(
    answers: readonly AnsweredCallback[],
    found: readonly (VersionedDispatch | undefined)[],
  ): Promise<Absence> {
    const { hostId, others } = this.#parts
    const hosts = [
      ...answers.map(({ callback }) => metaOf(callback)?.host),
      ...found.map((each) => each?.record.holder),
    ]
    if (hosts.every((host) => host === hostId)) return () => false
    const isGone = await others.absence()
    return (host) => host !== hostId && isGone(host)
  }
}

/** Who looks, and when. */
interface Looking {
  readonly hostId: string
  readonly isGone: Absence
  /** UTC milliseconds. */
  readonly now: number
}

function stepOf(
  { callback }: AnsweredCallback,
  record: DispatchRecord | undefined,
  looking: Looking,
): Step {
  if (record === undefined) {
    // Not parked yet, or no longer awaited: as long as its process lives, it may be parked still.
    const meta = metaOf(callback)
    const isToCome = meta !== undefined && meta.dispatch !== null && !looking.isGone(meta.host)
    return isToCome || isAnothers(meta?.host, looking) ? 'leave' : 'discard'
  }
  switch (record.state) {
    case 'done':
      return 'discard'
    case 'running':
      return 'leave'
    case 'parked':
      return ofParked(callback, record, looking)
  }
}

function ofParked(
  { id, resolvedAt }: Callback,
  { stand, holder }: DispatchRecord,
  { hostId, isGone, now }: Looking,
): Step {
  // Of a held one, what is not awaited is asked for once it is parked.
  if (stand.isHeld) return 'leave'
  if (!stand.waits.some((wait) => wait.callbackId === id)) return 'discard'
  const isOurs = holder === null || holder === hostId || isGone(holder)
  const isLeftOver = resolvedAt !== null && now - resolvedAt >= holderFirstMs
  return isOurs || isLeftOver ? 'take-up' : 'leave'
}

/** Whether a process that lives awaits it, another than this one. */
function isAnothers(host: string | undefined, { hostId, isGone }: Looking): boolean {
  return host !== undefined && host !== hostId && !isGone(host)
}
