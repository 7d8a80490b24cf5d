import type { OutboundMessage } from '../delivery/deliveries.ts'
import type { EndpointDefinition } from '../delivery/endpoint.ts'
import type { EndpointFamily } from '../delivery/family/endpoint-family.ts'
import type { Shelf } from './record-book.ts'

type Beside = NonNullable<EndpointDefinition['beside']>

/** Endpoints of a connector: what they have written beside a delivery stands where the connector's other records do. */
export class ShelvedEndpoints {
  readonly #shelf: Shelf
  /** The same function becomes the same one each time: a definition that is made anew is still the same definition. */
  readonly #placed = new WeakMap<Beside, Beside>()

  constructor(shelf: Shelf) {
    this.#shelf = shelf
  }

  endpoint(definition: EndpointDefinition): EndpointDefinition {
    const { beside } = definition
    return beside === undefined ? definition : { ...definition, beside: this.#beside(beside) }
  }

  family(family: EndpointFamily): EndpointFamily {
    const { prefix, goneReason } = family
    return {
      prefix,
      ...(goneReason !== undefined && { goneReason }),
      resolve: async (ids) => {
        const definitions = await family.resolve(ids)
        return definitions.map((definition) => this.endpoint(definition))
      },
    }
  }

  messages(messages: readonly OutboundMessage[]): readonly OutboundMessage[] {
    const isPlain = messages.every(({ to }) =>
      to.every(({ definition }) => definition?.beside === undefined),
    )
    return isPlain ? messages : messages.map((message) => this.#message(message))
  }

  #message({ to, ...message }: OutboundMessage): OutboundMessage {
    return {
      ...message,
      to: to.map((recipient) =>
        recipient.definition === undefined
          ? recipient
          : { ...recipient, definition: this.endpoint(recipient.definition) },
      ),
    }
  }

  #beside(beside: Beside): Beside {
    const known = this.#placed.get(beside)
    if (known !== undefined) return known
    const placed: Beside = (step) => {
      const { records, ...rest } = beside(step)
      return records === undefined ? rest : { ...rest, records: this.#shelf.placed(records) }
    }
    this.#placed.set(beside, placed)
    return placed
  }
}
