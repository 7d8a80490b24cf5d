import { CarabinerError } from '../errors.ts'
import type { VerifiedRequest } from './verifier.ts'

/** A message that was published on a channel, as it was published. */
export interface ChannelMessage {
  /** The same over all attempts. */
  readonly id: string
  /** Not signed: a secret that several channels share does not tell them apart. */
  readonly channel: string
  readonly contentType: string
  readonly body: Uint8Array
  /** Names of the signature schemes that verified it. */
  readonly verified: readonly string[]
  /** Not signed. */
  readonly headers: ReadonlyMap<string, string>
}

/** The channel a request says it comes from. */
export function channelOf({ headers }: VerifiedRequest): string | undefined {
  return headers.get('x-carabiner-channel')
}

/** @throws {CarabinerError} EVENT_PARAMS_INVALID when the request is no channel message */
export function parseChannelMessage(received: VerifiedRequest): ChannelMessage {
  const { headers, body, verified } = received
  const channel = channelOf(received)
  const id = headers.get('webhook-id')
  if (channel === undefined || id === undefined) {
    throw new CarabinerError('EVENT_PARAMS_INVALID', 'request is not a message of a channel')
  }
  const contentType = headers.get('content-type') ?? 'application/octet-stream'
  return { id, channel, contentType, body, verified, headers }
}
