import { Composer, type CST, type Document, type ParsedNode, Parser, type YAMLError } from 'yaml'
import type { Fault } from './fault.ts'
import { findStandIn, guardReferences, restoreReferences } from './guarded-text.ts'
import type { Source } from './source.ts'

/** A YAML document as the parser sees it, or why there is none. */
export type Parsed =
  | { readonly kind: 'document'; readonly root: ParsedNode; readonly faults: readonly Fault[] }
  | { readonly kind: 'failed'; readonly faults: readonly Fault[] }

const deepest = 200
const mostValues = 200_000
const mostFaults = 100

/** Parses one YAML document. What is too deep or too large is refused before any recursion sees it. */
export function parseYaml(source: Source): Parsed {
  const standIn = findStandIn(source.text)
  if (standIn !== -1) return failed(standIn, 'a character that is none (U+FDD0)', 'text')

  const tokens = [...new Parser().parse(guardReferences(source.text))]
  const excess = measure(tokens)
  if (excess !== undefined) return { kind: 'failed', faults: [excess] }

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

/** Walks the tokens without recursion. */
function measure(tokens: readonly CST.Token[]): Fault | undefined {
  const waiting = tokens.map((token) => ({ token, depth: 0 }))
  let values = 0
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { token, depth } = next
    const place = { offset: token.offset, end: token.offset + 1 }
    values += 1
    if (values > mostValues) {
      const message = 'the file has too many values'
      return { place, path: [], message, expected: `at most ${mostValues}` }
    }
    if (depth > deepest) {
      const message = 'nested too deeply'
      return { place, path: [], message, expected: `at most ${deepest} levels` }
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
