import type { ServerConfig } from '../assembly/host-config.ts'
import type { Redactor } from '../assembly/redactor.ts'
import { openApiDocument } from '../openapi/document.ts'
import type { App } from './app.ts'
import { noQuery } from './empty-schemas.ts'
import type { ServedRoute } from './host-face.ts'

export interface OpenApiRouteOptions {
  readonly config: Pick<ServerConfig, 'publicUrl'>
  readonly redactor: Redactor
  readonly version: string
}

/** `GET /openapi.json`: what this host answers over HTTP, described for people and for makers of clients. */
export function openApiRoutes(
  app: App,
  routes: readonly ServedRoute[],
  { config, redactor, version }: OpenApiRouteOptions,
): void {
  let text: string | undefined
  app.get('/openapi.json', { schema: { querystring: noQuery } }, async (_request, reply) => {
    text ??= JSON.stringify(
      redactor.value(
        openApiDocument({
          routes: routes.map(({ route }) => route),
          version,
          publicUrl: config.publicUrl,
        }),
      ),
    )
    return reply.header('content-type', 'application/json; charset=utf-8').send(text)
  })
}
