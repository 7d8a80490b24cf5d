import { CarabinerError, messageOf } from '../errors.ts'
import { parseGlob } from '../quantity/glob.ts'

const channelName = /^[0-9A-Za-z][0-9A-Za-z._-]{0,251}[0-9A-Za-z]$/
const longestExpression = 200

/** Which channels a subscriber listens to. */
export type Selector =
  | { readonly kind: 'literal'; readonly name: string }
  | { readonly kind: 'glob'; readonly text: string; readonly matches: (name: string) => boolean }
  | { readonly kind: 'expression'; readonly expression: RegExp }

/** @throws {CarabinerError} CHANNEL_INVALID, the message says what a channel name is */
export function checkChannelName(name: unknown): asserts name is string {
  if (typeof name === 'string' && channelName.test(name)) return
  const got = typeof name === 'string' ? `\`${name.slice(0, 60)}\`` : typeof name
  throw new CarabinerError(
    'CHANNEL_INVALID',
    `${got} is not a channel name: expected 2 to 253 letters, digits, \`.\`, \`_\` or \`-\`, a letter or digit first and last`,
  )
}

/**
 * Reads a selector: a literal channel name, a glob (`orders.*`), or a regular expression (`/orders\..+/` or a RegExp),
 * which has to match the whole name.
 *
 * Expressions are held to 200 characters, and those that can take exponential time are refused: a repeated group that
 * contains a repetition or alternatives, and references back. What is left is polynomial over at most 253 characters.
 *
 * @throws {CarabinerError} CHANNEL_INVALID, the message says why
 */
export function parseSelector(selector: string | RegExp): Selector {
  if (selector instanceof RegExp) return parseExpression(selector.source, selector.flags)
  if (typeof selector !== 'string') throw refusal(String(selector), 'it is no text')
  const written = /^\/(.*)\/([a-z]*)$/s.exec(selector)
  if (written !== null) return parseExpression(written[1] ?? '', written[2] ?? '')
  if (selector.startsWith('/')) throw refusal(selector, 'the closing `/` is missing')
  if (!selector.includes('*')) {
    checkChannelName(selector)
    return { kind: 'literal', name: selector }
  }
  const parsed = parseGlob(selector)
  if (parsed.kind === 'invalid') throw refusal(selector, parsed.reason)
  return { kind: 'glob', text: selector, matches: parsed.glob.matches }
}

/** Whether a selector chooses the channel. */
export function matchesSelector(selector: Selector, channel: string): boolean {
  switch (selector.kind) {
    case 'literal':
      return selector.name === channel
    case 'glob':
      return selector.matches(channel)
    case 'expression':
      return selector.expression.test(channel)
  }
}

function parseExpression(source: string, flags: string): Selector {
  const text = `/${source}/${flags}`
  if (source === '' || source === '(?:)') throw refusal(text, 'it is empty')
  if (source.length > longestExpression) {
    throw refusal(text, `it has more than ${longestExpression} characters`)
  }
  const unwanted = [...flags].find((flag) => !'iuv'.includes(flag))
  if (unwanted !== undefined) throw refusal(text, `the flag \`${unwanted}\` means nothing here`)
  const danger = dangerOf(source)
  if (danger !== undefined) throw refusal(text, `${danger}, which can take for ever`)
  try {
    new RegExp(source, flags) // alone first: `a)(?:b` would be valid between the anchors
    return { kind: 'expression', expression: new RegExp(`^(?:${source})$`, flags) }
  } catch (error) {
    throw refusal(text, messageOf(error), error)
  }
}

/** Bits of work: 2²⁴ steps are some tens of milliseconds. */
const mostWork = 24
const workOfRepetition = 7
const workOfAlternatives = 2

/**
 * What makes an expression's time explode with the length of the name, if anything does.
 *
 * An estimate from above: each repetition multiplies the ways to match by the length of the name, each optional part by
 * two, each group of alternatives by a few; a repetition inside a repetition has no bound.
 */
function dangerOf(source: string): string | undefined {
  if (/\\k<|\\[1-9]/.test(source)) return 'it refers back to a group'
  // Escapes and character classes are single characters as far as repetition goes.
  const skeleton = source.replace(/\\.|\[(?:\\.|[^\]\\])*\]/gs, 'x')
  const groups: { branches: boolean; alternatives: boolean }[] = []
  let work = 0
  for (let at = 0; at < skeleton.length; at++) {
    const character = skeleton[at]
    if (character === '(') groups.push({ branches: false, alternatives: false })
    if (character === '|') for (const group of groups.slice(-1)) group.alternatives = true

    const closed = character === ')' ? groups.pop() : undefined
    const branches = closed !== undefined && (closed.branches || closed.alternatives)
    const isRepeated = /^(?:[*+]|\{\d+,?\d*\})/.test(skeleton.slice(at + 1))
    const isOptional = skeleton[at + 1] === '?' && character !== '('
    if (branches && isRepeated) return 'it repeats a group that repeats or has alternatives'
    if (isRepeated) work += workOfRepetition
    if (isOptional) work += 1
    if (closed?.alternatives) work += workOfAlternatives
    if (isRepeated || isOptional || branches) for (const group of groups) group.branches = true
  }
  return work > mostWork ? 'it repeats too much' : undefined
}

function refusal(selector: string, why: string, cause?: unknown): CarabinerError {
  const shown = selector.length > 60 ? `${selector.slice(0, 60)}…` : selector
  return new CarabinerError('CHANNEL_INVALID', `\`${shown}\` selects no channel: ${why}`, { cause })
}
