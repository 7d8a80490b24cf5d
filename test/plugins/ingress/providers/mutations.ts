import type { Sent } from './sent.ts'

/** A request that is not what was signed, and what was done to it. */
export type Mutation = readonly [what: string, sent: Sent]

/** Everything done to the bytes of a body. */
export function ofBody(sent: Sent): readonly Mutation[] {
  const bytes = Buffer.from(sent.body)
  const text = bytes.toString('utf8')
  const middle = Math.floor(bytes.length / 2)
  const bodies: Readonly<Record<string, Uint8Array | string>> = {
    'first bit flipped': flipped(bytes, 0),
    'a bit in the middle flipped': flipped(bytes, middle),
    'last bit flipped': flipped(bytes, bytes.length - 1),
    'a byte appended': Buffer.concat([bytes, Buffer.from('x')]),
    'a newline appended': `${text}\n`,
    'CRLF appended': `${text}\r\n`,
    'U+0000 appended': `${text}\0`,
    'a space before it': ` ${text}`,
    'a byte order mark before it': `\ufeff${text}`,
    'a byte cut off': bytes.subarray(0, -1),
    'its first byte cut off': bytes.subarray(1),
    'half of it': bytes.subarray(0, middle),
    empty: '',
    'an empty object': '{}',
    'twice itself': text + text,
    'upper case': text.toUpperCase(),
    'lower case': text.toLowerCase(),
    'a zero for a one': text.replace('0', '1'),
    'as UTF-16': Buffer.from(text, 'utf16le'),
    'in base64': bytes.toString('base64'),
  }
  return changed(sent, bodies, (body) => ({ ...sent, body: Buffer.from(body) }))
}

/** Everything done to the header that carries the signature. */
export function ofSignature(sent: Sent, header: string): readonly Mutation[] {
  const value = sent.headers[header] ?? ''
  const middle = Math.floor(value.length / 2)
  const values: Readonly<Record<string, string | undefined>> = {
    missing: undefined,
    empty: '',
    'of spaces': '   ',
    'in upper case': value.toUpperCase(),
    'in lower case': value.toLowerCase(),
    'cut by a character': value.slice(0, -1),
    'without its first character': value.slice(1),
    'cut in half': value.slice(0, middle),
    'longer by a character': `${value}0`,
    'twice, glued together': value + value,
    'with another first character': `${other(value[0])}${value.slice(1)}`,
    'with another character in the middle': `${value.slice(0, middle)}${other(value[middle])}${value.slice(middle + 1)}`,
    'with another last character': `${value.slice(0, -1)}${other(value.at(-1))}`,
    'in quotes': `"${value}"`,
    'of zeros': value.replace(/[^=, ]/g, '0'),
    backwards: [...value].reverse().join(''),
    null: 'null',
    undefined: 'undefined',
    'of another kind': `md5=${value}`,
    'in base64': Buffer.from(value).toString('base64'),
    'percent-encoded': value.replace(/./gu, (each) => `%${each.charCodeAt(0).toString(16)}`),
    'with a full-width character': value.replace(/[0-9a-zA-Z]/, (each) =>
      String.fromCharCode(each.charCodeAt(0) + 0xfee0),
    ),
    'with U+0000 in it': `${value.slice(0, middle)}\0${value.slice(middle)}`,
    'very long': value.repeat(2_000),
  }
  return changed(sent, values, (each) => withHeader(sent, header, each), header)
}

/** Where a value is not a list of alternatives: spaces around it, and itself once more. */
export function ofLoneValue(sent: Sent, header: string): readonly Mutation[] {
  const value = sent.headers[header] ?? ''
  const values: Readonly<Record<string, string>> = {
    'with a space before': ` ${value}`,
    'with a space behind': `${value} `,
    'with a tab behind': `${value}\t`,
    'with a newline behind': `${value}\n`,
    'twice, as HTTP joins equal headers': `${value}, ${value}`,
    'after an empty one': `, ${value}`,
    'before an empty one': `${value},`,
  }
  return changed(sent, values, (each) => withHeader(sent, header, each), header)
}

/** Everything done to a time that is signed. `header` carries nothing else. */
export function ofTimestamp(sent: Sent, header: string): readonly Mutation[] {
  const value = sent.headers[header] ?? ''
  const values: Readonly<Record<string, string | undefined>> = {
    missing: undefined,
    empty: '',
    'a second later': String(Number(value) + 1),
    'a second earlier': String(Number(value) - 1),
    'in milliseconds': `${value}000`,
    'with a fraction': `${value}.0`,
    'with letters behind': `${value}abc`,
    'with a sign': `+${value}`,
    negative: `-${value}`,
    'with a zero before it': `0${value}`,
    hexadecimal: `0x${Number(value).toString(16)}`,
    'an ISO time': new Date(Number(value) * 1_000).toISOString(),
    'no number': 'NaN',
  }
  return changed(sent, values, (each) => withHeader(sent, header, each), header)
}

/** The request as it was, but at a time when its own is more than five minutes off. */
export function ofClock(sent: Sent): readonly Mutation[] {
  return [
    ['five minutes and a second old', { ...sent, now: sent.now + 301_000 }],
    ['five minutes and a second early', { ...sent, now: sent.now - 301_000 }],
    ['a year old', { ...sent, now: sent.now + 31_536_000_000 }],
    ['from 1970', { ...sent, now: 0 }],
  ]
}

/** Everything done to a URL that is signed. */
export function ofUrl(sent: Sent): readonly Mutation[] {
  const urls = {
    'over http': sent.url.replace('https:', 'http:'),
    'at another host': sent.url.replace('hooks.example', 'evil.example'),
    'with a user name': sent.url.replace('hooks.', 'me@hooks.'),
    'at another path': `${sent.url}/more`,
    'with a slash behind': `${sent.url}/`,
    'with a query': `${sent.url}?a=1`,
    'in another case': sent.url.replace('webhooks', 'Webhooks'),
    'with a path that is encoded': sent.url.replace('webhooks', '%77ebhooks'),
    'with the hash of a body': `${sent.url}?bodySHA256=00`,
    empty: '',
    'no URL': 'twilio',
  }
  return changed(sent, urls, (url) => ({ ...sent, url }))
}

export function withHeader(sent: Sent, name: string, value: string | undefined): Sent {
  return { ...sent, headers: { ...sent.headers, [name]: value } }
}

/** What leaves a request as it was is no mutation. */
function changed<T>(
  sent: Sent,
  values: Readonly<Record<string, T>>,
  apply: (value: T) => Sent,
  subject: string = 'request',
): readonly Mutation[] {
  const original = print(sent)
  return Object.entries(values)
    .map(([what, value]): Mutation => [`${subject} ${what}`, apply(value)])
    .filter(([, mutated]) => print(mutated) !== original)
}

function print({ headers, body, url, now }: Sent): string {
  return JSON.stringify([headers, Buffer.from(body).toString('hex'), url, now])
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes)
  copy[at] = (copy[at] ?? 0) ^ 1
  return copy
}

function other(character: string | undefined): string {
  return character === '0' ? '1' : '0'
}
