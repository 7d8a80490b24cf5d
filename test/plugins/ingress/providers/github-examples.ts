import { readFileSync } from 'node:fs'
import type { JsonObject } from '../../../../plugins/ingress/providers/provider.ts'

/** What GitHub sends of one event. */
export interface GitHubExamples {
  readonly name: string
  readonly examples: readonly JsonObject[]
}

/** Every example there is. Read, not imported: the types of the package say that it has a default export, and it has none. */
export function gitHubExamples(): readonly GitHubExamples[] {
  const file = new URL(import.meta.resolve('@octokit/webhooks-examples'))
  const definitions: readonly GitHubExamples[] = JSON.parse(readFileSync(file, 'utf8'))
  return definitions
}
