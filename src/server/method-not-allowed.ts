import type { RouteOptions } from 'fastify'
import type { App } from './app.ts'
import { RequestError } from './request-error.ts'

/**
 * Answers 405 with `Allow` for every other method on the paths of a scope.
 *
 * Called before the routes are added; what it returns is called after the last one.
 */
export function refuseOtherMethods(scope: App): () => void {
  const paths = new Map<string, KnownPath>()
  scope.addHook('onRoute', ({ url, method, errorHandler }) => {
    const { methods, tell } = paths.get(url) ?? { methods: new Set(), tell: undefined }
    for (const each of [method].flat()) methods.add(each)
    paths.set(url, { methods, tell: tell ?? errorHandler })
  })

  return () => {
    for (const [url, path] of [...paths]) refuse(scope, url, path)
  }
}

interface KnownPath {
  readonly methods: Set<string>
  /** How the first of its routes with a form of its own tells errors. */
  readonly tell: RouteOptions['errorHandler']
}

function refuse(scope: App, url: string, { methods, tell }: KnownPath): void {
  const allow = [...methods].sort().join(', ')
  const reject = async (): Promise<never> => {
    throw new RequestError({
      status: 405,
      code: 'METHOD_NOT_ALLOWED',
      message: `expected ${allow}`,
      headers: { allow },
    })
  }
  scope.route({
    method: scope.supportedMethods.filter((method) => !methods.has(method)),
    url,
    exposeHeadRoute: false,
    ...(tell !== undefined && { errorHandler: tell }),
    // Before the body is read; after the key of the scope has been asked for.
    onRequest: reject,
    handler: reject,
  })
}
