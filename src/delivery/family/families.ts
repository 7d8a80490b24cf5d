import { CarabinerError } from '../../errors.ts'
import type { EndpointFamily } from './endpoint-family.ts'

/** The families that are known. */
export class Families {
  /** Of one prefix the last one holds: a reload brings the next before the last one goes. */
  readonly #registered: EndpointFamily[] = []

  get size(): number {
    return this.#registered.length
  }

  prefixes(): ReadonlySet<string> {
    return new Set(this.#registered.map(({ prefix }) => prefix))
  }

  /** The family that an endpoint's id belongs to. */
  of(endpoint: string): EndpointFamily | undefined {
    return this.#registered.findLast(({ prefix }) => endpoint.startsWith(prefix))
  }

  /** @throws {CarabinerError} USAGE */
  add(family: EndpointFamily): void {
    const { prefix } = family
    if (prefix === '') throw new CarabinerError('USAGE', 'a family of endpoints needs a prefix')
    for (const other of this.prefixes()) {
      if (other === prefix || !(other.startsWith(prefix) || prefix.startsWith(other))) continue
      throw new CarabinerError(
        'USAGE',
        `endpoints that begin with \`${prefix}\` and with \`${other}\` cannot be told apart`,
      )
    }
    this.#registered.push(family)
  }

  remove(family: EndpointFamily): void {
    const at = this.#registered.lastIndexOf(family)
    if (at >= 0) this.#registered.splice(at, 1)
  }
}
