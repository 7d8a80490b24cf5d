import { readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import type { Metafile, Plugin } from 'esbuild'

/** Files that are loaded together or not at all. */
export type Layer = readonly string[]

/**
 * What each list of entry points needs from the first instant, without the entry points themselves and what an earlier list needs too.
 *
 * @param inputs - of a build of these entry points
 */
export function layersOf(inputs: Metafile['inputs'], lists: readonly Layer[]): readonly Layer[] {
  const taken = new Set(lists.flat())
  return lists.map((entryPoints) => {
    const layer: string[] = []
    const take = (file: string): void => {
      for (const needed of neededBy(file, inputs)) {
        if (taken.has(needed)) continue
        taken.add(needed)
        take(needed)
        layer.push(needed)
      }
    }
    for (const each of entryPoints) take(each)
    return layer
  })
}

/**
 * Puts each layer into one chunk.
 *
 * esbuild makes a chunk of the files that are reached from the same entry points. So whoever needs one file of a layer is made to reach
 * them all, by an import in front of its text.
 */
export function inOneChunkEach(
  root: string,
  inputs: Metafile['inputs'],
  layers: readonly Layer[],
): Plugin {
  const layerOf = new Map(layers.flatMap((layer, index) => layer.map((file) => [file, index])))
  const layersFor = (file: string): readonly number[] => {
    const needed = neededBy(file, inputs).flatMap((each) => layerOf.get(each) ?? [])
    return [...new Set(needed)].filter((index) => index !== layerOf.get(file)).sort()
  }

  return {
    name: 'in-one-chunk-each',
    setup({ onLoad, onResolve }) {
      onResolve({ filter: /^layer:/ }, ({ path }) => ({ path, namespace: 'layer' }))
      onLoad({ filter: /./, namespace: 'layer' }, ({ path }) => ({
        contents: importAll(
          layers[Number(path.slice('layer:'.length))]?.map((file) => join(root, file)) ?? [],
        ),
        resolveDir: root,
      }))
      onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const needed = layersFor(relative(root, path).replaceAll(sep, '/'))
        if (needed.length === 0) return undefined
        const text = await readFile(path, 'utf8')
        return { contents: importAll(needed.map((index) => `layer:${index}`)) + text, loader: 'ts' }
      })
    },
  }
}

function importAll(paths: readonly string[]): string {
  return paths.map((path) => `import ${JSON.stringify(path)};`).join('')
}

/** The own files that are loaded before the file runs. Packages come along with them. */
function neededBy(file: string, inputs: Metafile['inputs']): readonly string[] {
  const imports = inputs[file]?.imports ?? []
  return imports
    .filter(({ kind, path }) => kind === 'import-statement' && /^src\/.*\.ts$/.test(path))
    .map(({ path }) => path)
}
