import { CarabinerError, messageOf } from '../../errors.ts'
import type { Recipient } from '../deliveries.ts'
import type { EndpointDefinition } from '../endpoint.ts'
import type { EndpointQueue } from '../endpoint-queue.ts'
import type { EndpointRegistry } from '../endpoint-registry.ts'
import type { HeldDeliveries } from '../held-deliveries.ts'
import { type CancellationParts, Cancellations } from './cancellations.ts'
import type { EndpointFamily } from './endpoint-family.ts'
import type { Families } from './families.ts'
import { LookUps } from './look-ups.ts'
import { isFresh, isSame, type Member } from './member.ts'
import { believedMs, usableMs } from './notice.ts'
import { RecentChanges } from './recent-changes.ts'
import { Roster } from './roster.ts'

export interface MembersParts extends CancellationParts {
  readonly registry: EndpointRegistry
  readonly families: Families
  readonly held: HeldDeliveries
  /** Idle ones that are kept. @defaultValue 10,000 */
  readonly mostIdle?: number
  /** Which of them something is due for. */
  readonly due: () => Due
}

/** The endpoints that something is due for. */
interface Due {
  isWanted(endpoint: string): boolean
  /** Something may be due for it. */
  want(endpoint: string): void
  /** Nothing is. */
  forget(endpoint: string): void
}

const defaultMostIdle = 10_000
/** Idle ones that are looked for when one more comes. */
const evictionTurns = 16

/**
 * The endpoints of families that are known now: those in use, and the idle ones that were used last. What they are is looked up when
 * they are needed and believed for a second, then looked up again.
 */
export class Members {
  readonly #parts: MembersParts
  readonly #members = new Roster()
  readonly #lookUps = new WeakMap<EndpointFamily, LookUps>()
  readonly #changes = new RecentChanges()
  readonly #cancellations: Cancellations

  constructor(parts: MembersParts) {
    this.#parts = parts
    this.#cancellations = new Cancellations(parts)
  }

  /** So many may be looked up for later: more would push each other out. */
  get mostAtOnce(): number {
    return Math.ceil((this.#parts.mostIdle ?? defaultMostIdle) / 2)
  }

  get size(): number {
    return this.#members.size
  }

  /** Whether there is any family. */
  get areThere(): boolean {
    return this.#parts.families.size > 0
  }

  get(endpoint: string): EndpointQueue | undefined {
    return this.#members.get(endpoint)?.queue
  }

  /** It, if enough is known of it to send something. */
  fresh(endpoint: string): EndpointQueue | undefined {
    const member = this.#members.get(endpoint)
    return member !== undefined && isFresh(member, this.#parts.clock.monotonic())
      ? member.queue
      : undefined
  }

  /**
   * Looks up what is not known well enough; `undefined` when there is nothing to look up. What is gone is not known then.
   *
   * Rejects when a family could not say: nothing is decided. The log says so already.
   */
  confirm(endpoints: Iterable<string>): Promise<void> | undefined {
    const { families, clock } = this.#parts
    if (families.size === 0) return undefined
    const now = clock.monotonic()
    let unsure: Map<EndpointFamily, string[]> | undefined
    for (const endpoint of endpoints) {
      const member = this.#members.get(endpoint)
      if (member !== undefined && this.#members.use(member, now)) continue
      const family = member?.family ?? this.#familyOf(endpoint)
      if (family === undefined) continue
      unsure ??= new Map()
      const others = unsure.get(family)
      if (others === undefined) unsure.set(family, [endpoint])
      else others.push(endpoint)
    }
    if (unsure === undefined) return undefined
    const looks = [...unsure].map(([family, ids]) => this.#lookUpsOf(family).ask(ids))
    return Promise.all(looks).then(() => undefined)
  }

  /** As `confirm`, for one to which something is about to be sent. */
  confirmOne(endpoint: string): Promise<void> | undefined {
    const member = this.#members.get(endpoint)
    const isSure = member !== undefined && this.#members.use(member, this.#parts.clock.monotonic())
    return isSure ? undefined : this.confirm([endpoint])
  }

  /** As `confirm`, for those to whom something is sent: definitions that came along save a look. */
  confirmRecipients(recipients: Iterable<Recipient>): Promise<void> | undefined {
    const endpoints: string[] = []
    for (const { endpoint, definition } of recipients) {
      if (definition !== undefined) this.#given(endpoint, definition)
      endpoints.push(endpoint)
    }
    return this.confirm(endpoints)
  }

  /** What is known of these is over. @throws {CarabinerError} STORE_UNAVAILABLE, or what the family throws */
  async changed(endpoints: readonly string[]): Promise<void> {
    const now = this.#parts.clock.monotonic()
    for (const endpoint of endpoints) {
      this.#changes.note(endpoint, now)
      const member = this.#members.get(endpoint)
      if (member !== undefined) member.definitionUntil = Number.NEGATIVE_INFINITY
    }
    await this.confirm(endpoints)
    await this.#cancellations.done(endpoints)
  }

  /** Another family has the prefix, or none: what the last one said does not count any more. */
  reset(prefix: string): void {
    for (const [endpoint, { queue }] of this.#members.all()) {
      if (!endpoint.startsWith(prefix)) continue
      this.#leave(queue)
      void this.#parts.giveBack(queue)
    }
  }

  #familyOf(endpoint: string): EndpointFamily | undefined {
    // An endpoint of the assembly is what the assembly says, whatever its name.
    return this.#parts.registry.isInAssembly(endpoint)
      ? undefined
      : this.#parts.families.of(endpoint)
  }

  #lookUpsOf(family: EndpointFamily): LookUps {
    const known = this.#lookUps.get(family)
    if (known !== undefined) return known
    const lookUps = new LookUps((ids) => this.#look(family, ids))
    this.#lookUps.set(family, lookUps)
    return lookUps
  }

  async #look(family: EndpointFamily, ids: readonly string[]): Promise<void> {
    const { clock, registry } = this.#parts
    const startedAt = clock.monotonic()
    const changes = this.#changes.count
    const isOpen = (id: string): boolean =>
      (this.#members.get(id)?.definitionUntil ?? Number.NEGATIVE_INFINITY) <= startedAt
    const open = ids.filter(isOpen)
    const [definitions] = await Promise.all([
      open.length === 0 ? [] : this.#resolve(family, open),
      registry.refresh(ids),
    ])
    if (this.#parts.families.of(family.prefix) !== family) return
    const until = Math.max(startedAt + believedMs, clock.monotonic() + usableMs)
    const again = this.#takeIn(family, { open, definitions, changes, until })
    for (const id of ids) {
      const member = this.#members.get(id)
      if (member === undefined) registry.forget(id)
      else member.stateUntil = until
    }
    if (again.length > 0) await this.#look(family, again)
  }

  async #resolve(
    family: EndpointFamily,
    ids: readonly string[],
  ): Promise<readonly EndpointDefinition[]> {
    try {
      return await family.resolve(ids)
    } catch (error) {
      const isAway = error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
      const fields = { err: error, endpoints: `${family.prefix}…` }
      if (!isAway) this.#parts.log.error(fields, 'endpoints could not be looked up')
      throw error
    }
  }

  /** Gives those that were changed while they were looked up. */
  #takeIn(
    family: EndpointFamily,
    { open, definitions, changes, until }: Looked,
  ): readonly string[] {
    const found = new Map(definitions.map((definition) => [definition.id, definition]))
    const again: string[] = []
    for (const id of open) {
      const definition = found.get(id)
      if (this.#changes.after(id, changes)) again.push(id)
      else if (definition === undefined) this.#gone(family, id)
      else this.#take(family, definition, until)
    }
    return again
  }

  #given(endpoint: string, definition: EndpointDefinition): void {
    if (definition.id !== endpoint) {
      throw new TypeError(`\`${endpoint}\` was given the definition of \`${definition.id}\``)
    }
    const now = this.#parts.clock.monotonic()
    const member = this.#members.get(endpoint)
    const family = this.#familyOf(endpoint)
    if (family === undefined || (member !== undefined && member.definitionUntil > now)) return
    // Whoever read it before it was changed hands on what it was.
    if (this.#changes.since(endpoint, now - readBeforeMs)) return
    const isNew = member === undefined || !isSame(member.queue.definition, definition)
    if (member === undefined || !isNew) this.#take(family, definition, now + believedMs)
  }

  /** Makes it what it is now. */
  #take(family: EndpointFamily, definition: EndpointDefinition, until: number): void {
    const { id } = definition
    const member = this.#members.get(id)
    if (member !== undefined && isSame(member.queue.definition, definition)) {
      member.definitionUntil = until
      return
    }
    const queue = this.#join(family, definition)
    if (queue === undefined) return
    if (member === undefined) {
      const stateUntil = Number.NEGATIVE_INFINITY
      const known = { definitionUntil: until, stateUntil, isUsed: false }
      this.#members.add(id, { family, queue, ...known })
      this.#evict()
      return
    }
    const before = member.queue
    member.queue = queue
    member.definitionUntil = until
    void this.#parts.giveBack(before)
  }

  #join(family: EndpointFamily, definition: EndpointDefinition): EndpointQueue | undefined {
    const { registry, due, log } = this.#parts
    const { id } = definition
    try {
      return registry.join(definition, {
        label: family.prefix.replace(/\/$/, ''),
        mayHaveDue: due().isWanted(id),
        expects: (mayHaveDue) => (mayHaveDue ? due().want(id) : due().forget(id)),
      })
    } catch (error) {
      log.error(
        { endpoint: id, reason: messageOf(error) },
        'an endpoint cannot be used: what is sent to it waits',
      )
      return undefined
    }
  }

  #gone(family: EndpointFamily, endpoint: string): void {
    const queue = this.#members.get(endpoint)?.queue
    if (queue !== undefined) this.#leave(queue)
    this.#parts.due().forget(endpoint)
    this.#cancellations.begin(family, endpoint, queue)
  }

  /** Makes room: the idle ones go, unless they were used since their last turn. */
  #evict(): void {
    const { mostIdle = defaultMostIdle, registry, held } = this.#parts
    const turns = Math.min(evictionTurns, this.#members.size - held.ofMembers - mostIdle)
    const mayGo = (endpoint: string, { queue }: Member): boolean =>
      queue.isIdle && registry.isQuiet(endpoint)
    for (const { queue } of this.#members.leaving(turns, mayGo)) this.#leave(queue)
  }

  #leave(queue: EndpointQueue): void {
    this.#members.delete(queue.id)
    this.#parts.registry.leave(queue)
  }
}

interface Looked {
  /** Those whose definition was asked for. */
  readonly open: readonly string[]
  readonly definitions: readonly EndpointDefinition[]
  /** How many changes there had been when it was asked for. */
  readonly changes: number
  readonly until: number
}

/** Between a look of the caller's own and the send that it was made for. */
const readBeforeMs = 10_000
