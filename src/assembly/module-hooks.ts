import { readFileSync } from 'node:fs'
import { type ResolveFnOutput, type ResolveHookContext, registerHooks } from 'node:module'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { ownPath } from '../own-package.ts'

type NextResolve = (specifier: string, context?: Partial<ResolveHookContext>) => ResolveFnOutput

const shared = /^(carabiner|typebox)(\/|$)/
const script = /\.[jt]s$/

/** Whether this host runs from its sources: then what it shares is its sources too. */
const fromSources = import.meta.url.endsWith('.ts')

/** A built host brings typebox in one file. */
const builtTypebox = pathToFileURL(ownPath('src/typebox.ts')).href

/** Files of packages that are connectors: they get the host's copies although they lie in `node_modules`. */
const packageEntries = new Set<string>()
let registered = false

/**
 * Lets connector files lie anywhere: from here on `carabiner`, `carabiner/…`, `typebox` and `typebox/…` lead to the running
 * host's own copies when a file outside `node_modules` imports them. Everything else resolves as Node does.
 */
export function shareOwnModules(entry: string): void {
  if (isInstalled(entry)) packageEntries.add(entry)
  if (registered) return
  registered = true
  registerHooks({ resolve })
}

function resolve(
  specifier: string,
  context: ResolveHookContext,
  next: NextResolve,
): ResolveFnOutput {
  const { parentURL } = context
  if (shared.test(specifier) && parentURL !== undefined && isSharing(parentURL)) {
    if (specifier === 'typebox' && !fromSources) return { url: builtTypebox, shortCircuit: true }
    return next(specifier, {
      ...context,
      parentURL: import.meta.url,
      conditions: ownConditions(context),
    })
  }
  const resolved = next(specifier, context)
  return isLoneModule(resolved, context)
    ? { ...resolved, format: moduleFormat(resolved.url) }
    : resolved
}

function isSharing(parent: string): boolean {
  const [url = ''] = parent.split('?')
  return url.startsWith('file:') && (!isInstalled(url) || packageEntries.has(url))
}

function ownConditions({ conditions }: ResolveHookContext): string[] {
  const others = conditions.filter((condition) => condition !== 'source')
  return fromSources ? ['source', ...others] : others
}

/**
 * Whether an imported file says `import` or `export` although no package.json calls it a module: in a folder without one, or in
 * one that `npm init` has marked as CommonJS.
 */
function isLoneModule(
  { url, format }: ResolveFnOutput,
  { conditions }: ResolveHookContext,
): boolean {
  if (!url.startsWith('file:') || isInstalled(url) || !conditions.includes('import')) return false
  if (typeof format === 'string' && format.startsWith('module')) return false
  const [path = ''] = url.split('?')
  if (!script.test(path)) return false
  try {
    return /^\s*(import|export)\b/m.test(readFileSync(fileURLToPath(path), 'utf8'))
  } catch {
    return false // there is no such file: Node says so in its own words when it loads it
  }
}

function moduleFormat(url: string): string {
  return /\.ts(\?|$)/.test(url) ? 'module-typescript' : 'module'
}

function isInstalled(url: string): boolean {
  return url.includes('/node_modules/')
}
