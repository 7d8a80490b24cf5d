import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Connector } from '../connector/connector.ts'
import { isConnector } from '../connector/define-connector.ts'
import { ownPath } from '../own-package.ts'

/** The folder of this package's connectors: a folder each, beside `src`. */
export function ownConnectors(): string {
  return ownPath('plugins')
}

/** What looking for a built-in connector comes to. `broken`: its folder has that name and cannot be imported. */
export type BuiltInSearch =
  | { readonly kind: 'found'; readonly connector: Connector }
  | { readonly kind: 'none' }
  | { readonly kind: 'broken'; readonly error: unknown }

/** Every connector of the folder of built-in ones, in the order of their folders' names. */
export async function builtInConnectors(
  folder: string = ownConnectors(),
): Promise<readonly Connector[]> {
  const modules = await moduleFolders(folder)
  const imported = await Promise.all(modules.map((name) => importBuiltIn(folder, name)))
  return imported.flat()
}

/** Finds a built-in connector by its name: the folder of that name first, so that the others need not be imported. */
export async function findBuiltIn(folder: string, name: string): Promise<BuiltInSearch> {
  const folders = await moduleFolders(folder)
  if (folders.includes(name)) {
    try {
      const connector = byName(await importBuiltIn(folder, name), name)
      if (connector !== undefined) return { kind: 'found', connector }
    } catch (error) {
      return { kind: 'broken', error }
    }
  }
  for (const other of folders) {
    const connector = other === name ? undefined : byName(await importBuiltIn(folder, other), name)
    if (connector !== undefined) return { kind: 'found', connector }
  }
  return { kind: 'none' }
}

async function moduleFolders(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true })
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name)
  return names.sort()
}

async function importBuiltIn(folder: string, name: string): Promise<Connector[]> {
  const files = await readdir(join(folder, name))
  const entry = ['index.ts', 'index.js'].find((file) => files.includes(file))
  if (entry === undefined) return []
  const module: { readonly default?: unknown } = await import(
    pathToFileURL(join(folder, name, entry)).href
  )
  const exported: readonly unknown[] = Array.isArray(module.default)
    ? module.default
    : [module.default]
  return exported.filter(isConnector)
}

function byName(connectors: readonly Connector[], name: string): Connector | undefined {
  return connectors.find((connector) => connector.name === name)
}
