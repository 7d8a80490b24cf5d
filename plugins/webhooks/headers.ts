import { type ConfigProblem, inspectHeader } from 'carabiner'
import type { HeadersConfig, WebhookConfig } from './config.ts'
import { headerPairs } from './webhook.ts'

/** What is wrong with the headers of a webhook. */
export function headerProblems({ headers }: WebhookConfig): readonly ConfigProblem[] {
  const pairs = headerPairs(headers)
  const names = pairs.map(([name]) => name.toLowerCase())
  return pairs.flatMap(([name, value], index) => {
    const isRepeated = names.indexOf(name.toLowerCase()) !== index
    const wrong = isRepeated ? wrongName(`\`${name}\` stands twice`) : problemOf(name, value)
    if (wrong === undefined) return []
    const { at, message, expected } = wrong
    return [{ path: pathOf(headers, name, index, at), message, expected }]
  })
}

type HeaderProblem = ReturnType<typeof inspectHeader>

function problemOf(name: string, value: string): HeaderProblem {
  if (name.toLowerCase() !== 'content-type') return inspectHeader(name, value)
  return wrongName('`content-type` is set with `content_type`')
}

function wrongName(message: string) {
  return { at: 'name', message, expected: 'a header of your own, such as `x-team`' } as const
}

function pathOf(
  headers: HeadersConfig | undefined,
  name: string,
  index: number,
  at: 'name' | 'value',
): readonly (string | number)[] {
  return Array.isArray(headers) ? ['headers', index, at] : ['headers', name]
}
