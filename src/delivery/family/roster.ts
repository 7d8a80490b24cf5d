import { isFresh, type Member } from './member.ts'

/** The members that are known, in the order in which they may be forgotten. One that was used meanwhile gets another turn. */
export class Roster {
  readonly #members = new Map<string, Member>()

  get size(): number {
    return this.#members.size
  }

  get(endpoint: string): Member | undefined {
    return this.#members.get(endpoint)
  }

  all(): Iterable<readonly [endpoint: string, member: Member]> {
    return this.#members
  }

  add(endpoint: string, member: Member): void {
    this.#members.set(endpoint, member)
  }

  delete(endpoint: string): void {
    this.#members.delete(endpoint)
  }

  /** Whether enough is known of it to send something now, for which it is needed. */
  use(member: Member, now: number): boolean {
    member.isUsed = true
    return isFresh(member, now)
  }

  /**
   * Those that may go and were not used since their last turn. Who has a turn and stays goes to the end.
   *
   * @param turns - how many have one
   */
  *leaving(turns: number, mayGo: (endpoint: string, member: Member) => boolean): Iterable<Member> {
    let left = turns
    for (const [endpoint, member] of this.#members) {
      left -= 1
      if (left < 0) return
      const stays = member.isUsed || !mayGo(endpoint, member)
      member.isUsed = false
      if (!stays) yield member
      else {
        this.#members.delete(endpoint)
        this.#members.set(endpoint, member)
      }
    }
  }
}
