import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { callbacks } from '../plugins/callbacks/connector.ts'
import ingress from '../plugins/ingress/index.ts'
import subscriptions from '../plugins/subscriptions/index.ts'
import { defaultCallbackPrefix } from '../src/callbacks/callback-url.ts'
import type { ConnectorRoute } from '../src/connector/route.ts'
import { openApiDocument } from '../src/openapi/document.ts'
import { packageVersion } from '../src/own-package.ts'

const file = fileURLToPath(new URL('../carabiner.openapi.json', import.meta.url))

/** Whether `carabiner.openapi.json` describes health and the routes of the built-in connectors as they are. */
export function isOpenApiUpToDate(): boolean {
  return readFileSync(file, 'utf8') === openApiText()
}

/** Writes it as they are. */
export function writeOpenApi(): void {
  writeFileSync(file, openApiText())
}

function openApiText(): string {
  const routes = [subscriptions.routes, ingress.routes, callbacksRoutes()].flatMap(listed)
  const document = openApiDocument({ routes, version: packageVersion(), publicUrl: null })
  return `${JSON.stringify(document, null, 2)}\n`
}

/** Where they are unless an assembly says otherwise. */
function callbacksRoutes(): unknown {
  const { routes } = callbacks
  const access = { allow_unsigned: false, path_prefix: defaultCallbackPrefix } as const
  const config = { ...access, sweep: 5_000, signatures: [] }
  return typeof routes === 'function' ? routes({ id: 'callbacks', config }) : routes
}

function listed(routes: unknown): readonly ConnectorRoute<never>[] {
  if (Array.isArray(routes)) return routes
  throw new TypeError('expected routes that are always the same')
}
