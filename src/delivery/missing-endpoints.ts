import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { missingEndpointReason } from '../store/missing-endpoint.ts'
import type { Store } from '../store/store.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { Families } from './family/families.ts'

export interface MissingEndpointsParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly registry: EndpointRegistry
  readonly families: Families
}

/** An endpoint that the assembly does not have, and how many deliveries wait for it. */
export interface MissingEndpoint {
  readonly endpoint: string
  readonly waiting: number
}

const pageOfNames = 500
/** After every name that begins with what stands before it. */
const lastCharacter = '\u{10FFFF}'

/**
 * Deliveries whose endpoint went from the assembly: they wait for it to return, and are dead when it has been away for too long.
 *
 * Since when it is away stands once in the state of the endpoint, not in each delivery: there may be a million of them.
 */
export class MissingEndpoints {
  readonly #parts: MissingEndpointsParts
  /** Those that were missing when this host looked last. */
  #before: ReadonlySet<string> = new Set()

  constructor(parts: MissingEndpointsParts) {
    this.#parts = parts
  }

  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  async list(): Promise<readonly MissingEndpoint[]> {
    const found: MissingEndpoint[] = []
    for (const endpoint of await this.#names()) {
      found.push({ endpoint, waiting: await this.#parts.store.countWaiting(endpoint) })
    }
    return found
  }

  /**
   * Notes which endpoints are missing now, and settles as dead what waits for those missing for `retentionMs`.
   *
   * @throws {CarabinerError} STORE_UNAVAILABLE
   */
  async sweep(retentionMs: number): Promise<void> {
    const missing = new Set(await this.#names())
    for (const endpoint of this.#before)
      if (!missing.has(endpoint)) await this.#note(endpoint, null)
    this.#before = missing
    const since = await this.#noted([...missing])
    for (const endpoint of missing) {
      await this.#waitOrGiveUp(endpoint, since.get(endpoint), retentionMs)
    }
  }

  async #waitOrGiveUp(
    endpoint: string,
    since: number | undefined,
    retentionMs: number,
  ): Promise<void> {
    const { store, clock, log, registry } = this.#parts
    // It may have come while the ones before it were looked after.
    if (registry.get(endpoint) !== undefined) return
    const now = clock.now()
    if (since === undefined) {
      log.warn({ endpoint }, 'deliveries wait for an endpoint that is not in the assembly')
      await this.#note(endpoint, now)
    } else if (now - since >= retentionMs) {
      const deliveries = await store.bury(endpoint, missingEndpointReason, now)
      log.warn({ endpoint, deliveries, reason: missingEndpointReason }, 'dead')
      await this.#note(endpoint, null)
    }
  }

  /** Endpoints with something that waits, no place in the assembly and no family. */
  async #names(): Promise<string[]> {
    const { store, registry, families } = this.#parts
    const names: string[] = []
    for (let after = ''; ; ) {
      const page = await store.waitingEndpoints(after, pageOfNames)
      for (const endpoint of page) {
        if (registry.get(endpoint) === undefined && families.of(endpoint) === undefined)
          names.push(endpoint)
      }
      const last = page.at(-1)
      if (last === undefined || page.length < pageOfNames) return names
      // A family may have a million.
      const family = families.of(last)
      after = family === undefined ? last : family.prefix + lastCharacter
    }
  }

  /** Since when they are missing, of those that were noted before. */
  async #noted(missing: readonly string[]): Promise<Map<string, number>> {
    const since = new Map<string, number>()
    if (missing.length === 0) return since
    for (const { endpoint, missingSince } of await this.#parts.store.endpointStates(missing)) {
      if (missingSince !== null) since.set(endpoint, missingSince)
    }
    return since
  }

  #note(endpoint: string, missingSince: number | null): Promise<void> {
    return this.#parts.registry.note(endpoint, { missingSince })
  }
}
