const name = /^[0-9A-Za-z][0-9A-Za-z._-]{0,251}[0-9A-Za-z]$/
const glob = /^[0-9A-Za-z._*-]{1,253}$/
const expression = /^\/(.+)\/$/s

/** What is wrong with a channel's name; `undefined`: nothing. */
export function channelProblem(channel: string): string | undefined {
  if (name.test(channel)) return undefined
  return 'a channel name has 2 to 253 letters, digits, `.`, `_` and `-`, with a letter or digit at both ends'
}

/** What is wrong with a selector of channels: a name, a glob or a `/regular expression/`; `undefined`: nothing. */
export function selectorProblem(selector: string): string | undefined {
  const source = expression.exec(selector)?.[1]
  if (source !== undefined) return expressionProblem(source)
  if (!selector.includes('*')) return channelProblem(selector)
  if (glob.test(selector) && !selector.includes('**')) return undefined
  return 'in a glob `*` stands for any characters, the rest is a channel name’s: letters, digits, `.`, `_` and `-`'
}

/** One selector that selects what any of them selects. */
export function selectorOf(selectors: readonly string[]): string | RegExp {
  const [only, second] = selectors
  if (only !== undefined && second === undefined) return only
  return new RegExp(selectors.map((each) => `(?:${sourceOf(each)})`).join('|'))
}

/** Of what a glob may hold, only the dot means something in an expression. */
function sourceOf(selector: string): string {
  const source = expression.exec(selector)?.[1]
  return source ?? selector.replaceAll('.', '\\.').replaceAll('*', '.*')
}

function expressionProblem(source: string): string | undefined {
  try {
    new RegExp(source)
    return undefined
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return error.message
  }
}
