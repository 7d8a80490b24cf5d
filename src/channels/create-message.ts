import type { ChannelMessage, MessageInput } from './message.ts'

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
const encoder = new TextEncoder()

/** A message of its own: bytes and metadata are copied, so that what the publisher does later changes nothing. */
export function createMessage(
  input: MessageInput | string | Uint8Array,
  createdAt: Date,
): ChannelMessage {
  const isBare = typeof input === 'string' || input instanceof Uint8Array
  const { content, contentType, metadata }: MessageInput = isBare ? { content: input } : input
  if (typeof content !== 'string' && !(content instanceof Uint8Array)) {
    throw new TypeError('the content of a message is a string or bytes')
  }
  const isText = typeof content === 'string'
  const kept = isText ? content : Uint8Array.from(content)
  const text = (): string => (typeof kept === 'string' ? kept : decoder.decode(kept))
  return Object.freeze({
    content: kept,
    contentType: contentType ?? (isText ? 'text/plain; charset=utf-8' : 'application/octet-stream'),
    metadata: Object.freeze({ ...metadata }),
    createdAt,
    json: (): unknown => JSON.parse(text()),
    text,
    bytes: (): Uint8Array =>
      typeof kept === 'string' ? encoder.encode(kept) : Uint8Array.from(kept),
  })
}
