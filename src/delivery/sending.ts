import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import type { OutboundMessage, SendOptions, SentDelivery } from './deliveries.ts'
import type { EngineMode } from './engine-mode.ts'
import type { Outbox } from './outbox.ts'
import type { SentDeliveries } from './sent-deliveries.ts'
import { besideOf } from './step-records.ts'

export interface SendingParts {
  readonly clock: Clock
  readonly mode: EngineMode
  readonly outbox: Outbox
  readonly sent: SentDeliveries
}

/** Stores what a connector sends by itself, and tells it what came of it. */
export class Sending {
  readonly #parts: SendingParts

  constructor(parts: SendingParts) {
    this.#parts = parts
  }

  async send(
    messages: readonly OutboundMessage[],
    options: SendOptions,
  ): Promise<readonly SentDelivery[]> {
    const { clock, outbox, sent, mode } = this.#parts
    if (options.tx !== undefined) {
      refuseBeside(options)
      return sent.now(await outbox.commitWith(options.tx, messages))
    }
    const stored = await outbox.commit(messages, besideOf(options, clock.now()))
    // What a command has committed is sent when its work is over, not before; or by a host that runs, whenever it likes.
    const isWaitVain = mode.current !== 'delivering' && mode.current !== 'own'
    return options.wait === undefined || isWaitVain
      ? sent.now(stored)
      : sent.after(stored, options.wait)
  }
}

/** Only messages can be part of a transaction that is not the store's; and until it is over, nothing comes of them. */
function refuseBeside({ records, audit, wait }: SendOptions): void {
  const given = Object.entries({ records, audit, wait }).find(([, value]) => value !== undefined)
  if (given === undefined) return
  throw new CarabinerError(
    'USAGE',
    `with a transaction of your own there can be no \`${given[0]}\``,
  )
}
