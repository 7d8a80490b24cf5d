import { readFile, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Connector } from '../connector/connector.ts'
import { isConnector } from '../connector/define-connector.ts'
import { messageOf } from '../errors.ts'
import { findBuiltIn } from './built-in.ts'
import { shareOwnModules } from './module-hooks.ts'

/** The connectors that a name in an assembly leads to, or why it leads nowhere. */
export type Imported =
  | { readonly kind: 'found'; readonly connectors: readonly Connector[]; readonly source: string }
  | Misled

export interface Misled {
  readonly kind: 'misled'
  readonly message: string
  readonly expected: string
}

/**
 * Finds what a name in an assembly stands for: a path (relative to the assembly), a built-in connector, or a package.
 */
export async function importConnectors(
  name: string,
  assemblyFile: string,
  builtInFolder: string,
): Promise<Imported> {
  if (isPath(name)) return importFile(resolve(dirname(assemblyFile), name), name)
  const builtIn = await findBuiltIn(builtInFolder, name)
  if (builtIn.kind === 'found') {
    return { kind: 'found', connectors: [builtIn.connector], source: 'built-in' }
  }
  if (builtIn.kind === 'broken') return failedImport(name, builtIn.error)
  try {
    return await importPackage(name, assemblyFile)
  } catch (error) {
    return failedImport(name, error)
  }
}

function isPath(name: string): boolean {
  return /^\.{0,2}[/\\]/.test(name) || isAbsolute(name) || /\.[cm]?[jt]s$/.test(name)
}

async function importFile(file: string, name: string): Promise<Imported> {
  const found = await stat(file).catch(() => undefined)
  if (found === undefined) return misled(`no such file: ${name}`, 'a TypeScript or JavaScript file')
  if (!found.isFile()) return misled(`${name} is not a file`, 'a TypeScript or JavaScript file')
  return importModule(urlOf(file, found.mtimeMs), name)
}

/** When each connector file was first imported: Node keeps a module, even a broken one, until its address changes. */
const firstImports = new Map<string, number>()

function urlOf(file: string, mtimeMs: number): string {
  const url = pathToFileURL(file).href
  const first = firstImports.get(url)
  if (first === undefined) firstImports.set(url, mtimeMs)
  return first === undefined || first === mtimeMs ? url : `${url}?mtime=${mtimeMs}`
}

async function importModule(url: string, name: string): Promise<Imported> {
  shareOwnModules(url)
  try {
    const module: { readonly default?: unknown } = await import(url)
    return connectorsOf(module.default, name)
  } catch (error) {
    return failedImport(name, error)
  }
}

function connectorsOf(exported: unknown, name: string): Imported {
  const expected = 'export default defineConnector({ … }), or an array of connectors'
  if (exported === undefined) return misled(`${name} has no default export`, expected)
  const connectors = Array.isArray(exported) ? exported : [exported]
  if (connectors.length === 0) return misled(`${name} exports no connector`, expected)
  if (!connectors.every(isConnector)) {
    return misled(`the default export of ${name} is not a connector`, expected)
  }
  return { kind: 'found', connectors, source: name }
}

async function importPackage(name: string, assemblyFile: string): Promise<Imported> {
  const folder = await findPackage(name, assemblyFile)
  if (folder === undefined) {
    return misled(
      `\`${name}\` is neither a built-in connector nor an installed package`,
      'a path such as ./plugins/mine.ts, a built-in name, or a package name',
    )
  }
  const entries = await packageEntries(join(folder, 'package.json'))
  const expected = 'a key `carabiner` in its package.json with the path of its connectors'
  if (entries === undefined) return misled(`the package \`${name}\` brings no connectors`, expected)
  const imported = await Promise.all(
    entries.map((entry) => importFile(resolve(folder, entry), entry)),
  )
  const broken = imported.find((each) => each.kind === 'misled')
  if (broken !== undefined) return broken
  const connectors = imported.flatMap((each) => (each.kind === 'found' ? each.connectors : []))
  return { kind: 'found', connectors, source: name }
}

/** The folder of an installed package, found as Node finds it: in the `node_modules` above the assembly. */
async function findPackage(name: string, assemblyFile: string): Promise<string | undefined> {
  if (!/^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/i.test(name)) return undefined
  for (const folder of createRequire(assemblyFile).resolve.paths(name) ?? []) {
    const candidate = join(folder, name)
    const found = await stat(join(candidate, 'package.json')).catch(() => undefined)
    if (found?.isFile() === true && basename(folder) === 'node_modules') return candidate
  }
  return undefined
}

async function packageEntries(file: string): Promise<readonly string[] | undefined> {
  const { carabiner }: { carabiner?: unknown } = JSON.parse(await readFile(file, 'utf8'))
  const entries: readonly unknown[] = Array.isArray(carabiner) ? carabiner : [carabiner]
  return entries.every((entry) => typeof entry === 'string') ? entries : undefined
}

/** An error of an import in the words of a problem. */
export function failedImport(name: string, error: unknown): Misled {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  const [message = ''] = messageOf(error).trim().split('\n')
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX' || code === 'ERR_INVALID_TYPESCRIPT_SYNTAX') {
    return misled(
      `${name} cannot be read as TypeScript: ${message}`,
      'TypeScript whose types can be stripped: no enum, namespace or parameter property',
    )
  }
  return misled(`importing ${name} failed: ${message}`, 'a module that can be imported')
}

function misled(message: string, expected: string): Misled {
  return { kind: 'misled', message, expected }
}
