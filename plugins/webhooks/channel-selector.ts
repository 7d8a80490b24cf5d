import { CarabinerError, matchesSelector, parseSelector } from 'carabiner'

/** What is wrong with a channel's name; `undefined`: nothing. */
export function channelProblem(channel: string): string | undefined {
  if (/^[/]|[*]/.test(channel)) return `\`${channel}\` is a selector, not the name of one channel`
  return selectorProblem(channel)
}

/** What is wrong with a selector of channels: a name, a glob or a `/regular expression/`; `undefined`: nothing. */
export function selectorProblem(selector: string): string | undefined {
  try {
    parseSelector(selector)
    return undefined
  } catch (error) {
    if (!(error instanceof CarabinerError)) throw error
    return error.message
  }
}

/** The first of the selectors that selects the channel. */
export function firstSelecting(selectors: readonly string[], channel: string): string | undefined {
  return selectors.find((selector) => matchesSelector(parseSelector(selector), channel))
}
