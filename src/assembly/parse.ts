import {
  Composer,
  type CST,
  type Document,
  Lexer,
  type ParsedNode,
  Parser,
  type YAMLError,
} from 'yaml'
import type { Fault } from './fault.ts'
import { findStandIn, guardReferences, restoreReferences } from './guarded-text.ts'
import type { Source } from './source.ts'

/** A YAML document as the parser sees it, or why there is none. */
export type Parsed =
  | { readonly kind: 'document'; readonly root: ParsedNode; readonly faults: readonly Fault[] }
  | { readonly kind: 'failed'; readonly faults: readonly Fault[] }

const deepest = 200
const mostWords = 400_000
const mostFaults = 100
/** Words of the lexer that stand for nothing in the text. */
const lexerMarks: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f'])

/** Parses one YAML document. What is too deep or too large is refused before any recursion sees it. */
export function parseYaml(source: Source): Parsed {
  const standIn = findStandIn(source.text)
  if (standIn !== -1) return failed(standIn, 'a character that is none (U+FDD0)', 'text')

  const tokens = tokensOf(guardReferences(source.text))
  if (!Array.isArray(tokens)) return { kind: 'failed', faults: [tokens] }
  const tooDeep = findTooDeep(tokens)
  if (tooDeep !== undefined) return { kind: 'failed', faults: [tooDeep] }

  const [document, second] = compose(tokens, source.text.length)
  const errors = document?.errors.map(faultOf) ?? []
  if (errors.length > 0) return { kind: 'failed', faults: errors.slice(0, mostFaults) }
  if (document === undefined || document.contents === null) {
    return failed(0, 'the file is empty', 'a map with `host`, `connectors` and their configuration')
  }
  if (second !== undefined) {
    return failed(second.range[0], 'a second document begins here', 'one YAML document')
  }
  if (document.directives.yaml.version !== '1.2') {
    return failed(0, `the file asks for YAML ${document.directives.yaml.version}`, 'YAML 1.2')
  }
  const faults = document.warnings.map(faultOf).slice(0, mostFaults)
  return { kind: 'document', root: document.contents, faults }
}

function compose(tokens: CST.Token[], length: number): Document.Parsed[] {
  const composer = new Composer<ParsedNode>({
    prettyErrors: false,
    // Each key would be compared with each other: the tree's builder does it with a set.
    uniqueKeys: false,
    resolveKnownTags: false,
    customTags: ['!env', '!file'].map((tag) => ({ tag, resolve: (text: string) => text })),
  })
  return [...composer.compose(tokens, true, length)]
}

function failed(offset: number, message: string, expected: string): Parsed {
  return {
    kind: 'failed',
    faults: [{ place: { offset, end: offset + 1 }, path: [], message, expected }],
  }
}

/** Parses as far as the limit of words lets it: what is longer costs no more time and memory than what is just too long. */
function tokensOf(text: string): CST.Token[] | Fault {
  const tokens: CST.Token[] = []
  const parser = new Parser()
  let words = 0
  let offset = 0
  for (const word of new Lexer().lex(text)) {
    words += 1
    if (words > mostWords) {
      const place = { offset, end: offset + 1 }
      const message = 'the file has too many values'
      return { place, path: [], message, expected: `at most ${mostWords} words of YAML` }
    }
    for (const token of parser.next(word)) tokens.push(token)
    if (!lexerMarks.has(word)) offset += word.length
  }
  for (const token of parser.end()) tokens.push(token)
  return tokens
}

/** Walks the tokens without recursion. */
function findTooDeep(tokens: readonly CST.Token[]): Fault | undefined {
  const waiting = tokens.map((token) => ({ token, depth: 0 }))
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next
    if (depth > deepest) {
      const place = { offset: token.offset, end: token.offset + 1 }
      const expected = `at most ${deepest} levels`
      return { place, path: [], message: 'nested too deeply', expected }
    }
    for (const inside of insideOf(token)) waiting.push({ token: inside, depth: depth + 1 })
  }
  return undefined
}

function insideOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value]
  if (!('items' in token)) return []
  return token.items.flatMap(({ key, value }) => [key, value]).filter((each) => each != null)
}

function faultOf(error: YAMLError): Fault {
  const [offset, end] = error.pos
  return { place: { offset, end }, path: [], ...wordingOf(error) }
}

function wordingOf({ code, message }: YAMLError): Pick<Fault, 'message' | 'expected'> {
  switch (code) {
    case 'TAB_AS_INDENT':
      return { message: 'a tab is not indentation', expected: 'spaces' }
    case 'TAG_RESOLVE_FAILED': {
      const tag = message.replace(/^Unresolved tag: /, '').replace('tag:yaml.org,2002:', '!!')
      return { message: `unknown tag \`${tag}\``, expected: '!env NAME or !file PATH' }
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'a second `:` on one line',
        expected: 'quotes around a text that contains a `:`',
      }
    default:
      return { message: lowerFirst(restoreReferences(message)), expected: 'valid YAML' }
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1)
}
