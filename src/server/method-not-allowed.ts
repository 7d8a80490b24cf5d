import type { App } from './app.ts'
import { RequestError } from './request-error.ts'

/**
 * Answers 405 with `Allow` for every other method on the paths of a scope.
 *
 * Called before the routes are added; what it returns is called after the last one.
 */
export function refuseOtherMethods(scope: App): () => void {
  const methodsOf = new Map<string, Set<string>>()
  scope.addHook('onRoute', ({ url, method }) => {
    const known = methodsOf.get(url) ?? new Set()
    for (const each of [method].flat()) known.add(each)
    methodsOf.set(url, known)
  })

  return () => {
    for (const [url, methods] of [...methodsOf]) refuse(scope, url, new Set(methods))
  }
}

function refuse(scope: App, url: string, methods: ReadonlySet<string>): void {
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
    // Before the body is read; after the key of the scope has been asked for.
    onRequest: reject,
    handler: reject,
  })
}
