import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import subscriptions from '../plugins/subscriptions/index.ts'
import { openApiDocument } from '../src/openapi/document.ts'
import { packageVersion } from '../src/own-package.ts'

const file = fileURLToPath(new URL('../carabiner.openapi.json', import.meta.url))

/** Whether `carabiner.openapi.json` describes health and the routes of the subscriptions connector as they are. */
export function isOpenApiUpToDate(): boolean {
  return readFileSync(file, 'utf8') === openApiText()
}

/** Writes it as they are. */
export function writeOpenApi(): void {
  writeFileSync(file, openApiText())
}

function openApiText(): string {
  const { routes = [] } = subscriptions
  if (typeof routes === 'function') throw new TypeError('expected routes that are always the same')
  const document = openApiDocument({ routes, version: packageVersion(), publicUrl: null })
  return `${JSON.stringify(document, null, 2)}\n`
}
