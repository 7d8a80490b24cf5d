import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A piece of code in a page or a doc comment. */
export interface CodeBlock {
  /** Relative to the repository. */
  readonly file: string
  /** Of its first line of code, from 1. */
  readonly line: number
  readonly text: string
}

/** Every page that users read. */
export function pages(): readonly string[] {
  return ['README.md', ...globSync(['docs/*.md', 'plugins/*/README.md'], { cwd: root })].sort()
}

export function readPage(file: string): string {
  return readFileSync(`${root}/${file}`, 'utf8')
}

/** The fenced blocks of a language in a page. */
export function blocksOf(file: string, language: string): readonly CodeBlock[] {
  const text = readPage(file)
  const fence = new RegExp(`^( *)\`\`\`${language}\\n(.*?)^ *\`\`\`$`, 'gms')
  return [...text.matchAll(fence)].map(({ index, 1: indent = '', 2: code = '' }) => ({
    file,
    line: lineAt(text, index) + 1,
    text: code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''),
  }))
}

/** The code after each `@example` of the sources, fenced or not. */
export function examplesOfSources(): readonly CodeBlock[] {
  return globSync('src/**/*.ts', { cwd: root }).sort().flatMap(examplesOf)
}

function examplesOf(file: string): CodeBlock[] {
  const text = readPage(file)
  const example = /^ *\* @example\n((?: *\*(?!\/)(?! @).*\n)*)/gm
  return [...text.matchAll(example)].map(({ index, 1: lines = '' }) => ({
    file,
    line: lineAt(text, index) + 1,
    text: lines.replaceAll(/^ *\* ?(```.*)?/gm, ''),
  }))
}

function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length
}
