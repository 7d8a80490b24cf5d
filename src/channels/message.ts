/** What is published on a channel. */
export interface ChannelMessage {
  readonly content: Uint8Array | string
  readonly contentType: string
  readonly metadata: Readonly<Record<string, string>>
  readonly createdAt: Date
  json(): unknown
  text(): string
  bytes(): Uint8Array
}

/** What a publisher gives: a string, bytes, or any JSON value, with its content type when that is not obvious. */
export interface MessageInput {
  readonly content: Uint8Array | string
  /** @defaultValue `text/plain; charset=utf-8` for a string, `application/octet-stream` for bytes */
  readonly contentType?: string
  readonly metadata?: Readonly<Record<string, string>>
}
