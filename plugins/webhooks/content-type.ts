import { MIMEType } from 'node:util'

type Headers = readonly (readonly [string, string])[]

/** What the Content-Type headers of a reply say. */
export type ContentType =
  | { readonly kind: 'none' }
  /** Type and subtype in lower case, without parameters. */
  | { readonly kind: 'one'; readonly essence: string }
  | { readonly kind: 'unreadable'; readonly why: string }

/** Reads the content type of a reply. Several headers, or one header with several types, are unreadable. */
export function contentTypeOf(headers: Headers): ContentType {
  const [first, second] = headers.filter(([name]) => name.toLowerCase() === 'content-type')
  if (first === undefined) return { kind: 'none' }
  if (second !== undefined || isJoined(first[1])) {
    return { kind: 'unreadable', why: 'answered with several Content-Type headers' }
  }
  try {
    return { kind: 'one', essence: new MIMEType(first[1]).essence }
  } catch {
    // MIMEType has one way to say that a text is no media type; the text itself is quoted for the receiver's author.
    const got = JSON.stringify(first[1].slice(0, 80))
    return { kind: 'unreadable', why: `answered with a Content-Type that cannot be read (${got})` }
  }
}

/** A comma outside quotes: a proxy has joined several headers into one (RFC 9110 §5.3). */
function isJoined(value: string): boolean {
  return value.replaceAll(/"(?:[^"\\]|\\.)*"/g, '').includes(',')
}
