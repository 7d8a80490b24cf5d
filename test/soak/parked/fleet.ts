import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { DispatchBook } from '../../../src/parking/dispatch-book.ts'
import { isBoundToHolder } from '../../../src/parking/dispatch-transitions.ts'
import type { Store } from '../../../src/store/store.ts'
import { type HostProcess, runHost } from '../../helpers/host-process.ts'
import type { ProjectFolder } from '../../helpers/start-host.ts'

interface Member {
  /** Its name in the store. */
  id: string
  readonly process: HostProcess
}

/** Host processes on one store, of which one may be missing for a moment. */
export class Fleet implements AsyncDisposable {
  readonly #folder: ProjectFolder
  readonly #store: Store
  readonly #members: Member[] = []
  #turn = 0
  #lastUrl = ''

  /** @param store - the same that the hosts of the folder are on */
  constructor(folder: ProjectFolder, store: Store) {
    this.#folder = folder
    this.#store = store
  }

  /** Another one each time; the last one known while there is none. */
  get url(): string {
    this.#turn += 1
    return this.#members[this.#turn % this.#members.length]?.process.url ?? this.#lastUrl
  }

  async grow(): Promise<void> {
    const process = await runHost(this.#folder)
    const member = { process, id: '' }
    this.#members.push(member)
    member.id = await this.#idOf(process)
  }

  /**
   * Kills one with SIGKILL. Resolves to the dispatches that nobody else can go on with now.
   *
   * @param isMissed - whether the others are told that it is dead; else they notice after ten seconds
   */
  async killOne(isMissed: boolean): Promise<readonly string[]> {
    const [member] = this.#members.splice(Math.floor(Math.random() * this.#members.length), 1)
    assert.ok(member)
    this.#lastUrl = member.process.url
    member.process.child.kill('SIGKILL')
    await member.process.exit()
    // A database may still be doing what a dead client has asked for.
    await sleep(50)
    const bound = await this.#boundTo(member.id)
    if (isMissed) await this.#store.leave(member.id)
    return bound
  }

  /** Has it park something that nobody will answer: callbacks say who opened them. */
  async #idOf(process: HostProcess): Promise<string> {
    for (;;) {
      const { status, json } = await process.dispatch('lapse', { intent: 'ignore' })
      // On a machine that has no time it may have lapsed before it was parked.
      if (status !== 202) continue
      const callbackId = String(json['data']?.['waitingFor']?.['0']?.['callbackId'])
      const [callback] = await new CallbackBook(this.#store).find([callbackId])
      return Object(callback?.meta).host
    }
  }

  async #boundTo(hostId: string): Promise<readonly string[]> {
    const { dispatches, next } = await new DispatchBook(this.#store, () => 0).tied(undefined, 1_000)
    assert.equal(next, undefined)
    const records = dispatches.map(({ record }) => record)
    const theirs = records.filter((record) => record.holder === hostId && isBoundToHolder(record))
    return theirs.map(({ stand }) => stand.dispatchId)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#members.map(({ process }) => process[Symbol.asyncDispose]()))
  }
}
