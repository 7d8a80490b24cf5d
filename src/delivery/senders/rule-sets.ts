import type { EgressOptions, EndpointEgress } from '../egress/egress-options.ts'

/** Rules that are kept: those of endpoints are written down once for many. */
const mostKept = 1_000

/** What a sender keeps for each set of egress rules: connections that were opened under one are never used under another. */
export class RuleSets<T extends Disposable> implements Disposable {
  readonly #own: EgressOptions
  readonly #make: (egress: EgressOptions, key: string) => T
  readonly #common: T
  /** By what they say; the one that was used last comes last. */
  readonly #kept = new Map<string, T>()
  readonly #known = new WeakMap<EndpointEgress, string>()

  /**
   * @param own - for requests that bring none
   * @param make - `key` is the same for the same rules, and `''` for the sender's own
   */
  constructor(own: EgressOptions, make: (egress: EgressOptions, key: string) => T) {
    this.#own = own
    this.#make = make
    this.#common = make(own, '')
  }

  of(rules: EndpointEgress | undefined): T {
    if (rules === undefined) return this.#common
    const egress = { proxy: this.#own.proxy, ...rules }
    const key = this.#keyOf(rules, egress)
    const kept = this.#kept.get(key) ?? this.#make(egress, key)
    this.#kept.delete(key)
    this.#kept.set(key, kept)
    this.#forgetOldest()
    return kept
  }

  [Symbol.dispose](): void {
    this.#common[Symbol.dispose]()
    for (const kept of this.#kept.values()) kept[Symbol.dispose]()
    this.#kept.clear()
  }

  /** Endpoints of one connector share an object: it is read once. */
  #keyOf(rules: EndpointEgress, egress: EgressOptions): string {
    const known = this.#known.get(rules)
    if (known !== undefined) return known
    const { default: fallback, allow, http, ports, proxy } = egress
    const key = JSON.stringify([fallback, allow, http, ports, proxy])
    this.#known.set(rules, key)
    return key
  }

  #forgetOldest(): void {
    const [oldest] = this.#kept
    if (this.#kept.size <= mostKept || oldest === undefined) return
    const [key, kept] = oldest
    this.#kept.delete(key)
    kept[Symbol.dispose]()
  }
}
