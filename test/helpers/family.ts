import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import type { EndpointFamily } from '../../src/delivery/family/endpoint-family.ts'
import { anEndpoint } from './engine.ts'

/** A family of a test's own: whatever stands in `endpoints` is there. */
export class TestFamily implements EndpointFamily {
  readonly prefix: string
  readonly goneReason = 'subscription revoked'
  readonly endpoints = new Map<string, EndpointDefinition>()
  /** Every id that was asked for, in order. */
  readonly asked: string[] = []
  /** How many looks there were. */
  looks = 0
  /** Runs before an answer is given: throws, waits, or changes what is there. */
  before: () => void | Promise<void> = () => undefined

  constructor(prefix = 'subscription/') {
    this.prefix = prefix
  }

  async resolve(ids: readonly string[]): Promise<readonly EndpointDefinition[]> {
    this.looks += 1
    this.asked.push(...ids)
    await this.before()
    return ids.flatMap((id) => this.endpoints.get(id) ?? [])
  }

  /** Adds one, or changes it. Gives its id. */
  put(name: string, fields: Partial<EndpointDefinition> = {}): string {
    const id = `${this.prefix}${name}`
    this.endpoints.set(id, anEndpoint({ id, url: `http://${name}.test/hook`, ...fields }))
    return id
  }

  /** So many, all alike. Gives their ids. */
  putMany(count: number, fields: Partial<EndpointDefinition> = {}): string[] {
    return Array.from({ length: count }, (_, n) => this.put(String(n).padStart(6, '0'), fields))
  }
}

/** Recipients of a message. */
export function recipients(ids: readonly string[]): { readonly endpoint: string }[] {
  return ids.map((endpoint) => ({ endpoint }))
}
