import { stripVTControlCharacters } from 'node:util'

/** Rows as text in columns, headed by the names of the columns in capitals. `null` and absent cells stand as `-`. */
export function renderTable(rows: readonly object[], columns: readonly string[]): string {
  const head = columns.map((column) => [
    column.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase(),
  ])
  const body = rows.map((row) => {
    const cells = new Map<string, unknown>(Object.entries(row))
    return columns.map((column) => cell(cells.get(column)).split('\n'))
  })
  const table = [head, ...body]
  const widths = columns.map((_, index) => widest(table.flatMap((row) => row[index] ?? [])))
  return table.flatMap((row) => linesOf(row, widths)).join('\n')
}

function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** A row is as high as its highest cell. */
function linesOf(row: readonly (readonly string[])[], widths: readonly number[]): string[] {
  const height = Math.max(...row.map((lines) => lines.length))
  return Array.from({ length: height }, (_, line) => {
    const texts = row.map((lines, index) => padded(lines[line] ?? '', widths[index] ?? 0))
    return texts.join('  ').trimEnd()
  })
}

function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, widthOf(text)), 0)
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(width - widthOf(text))
}

const plain = /^[ -~]*$/
const emoji =
  /(?:\p{Regional_Indicator}{2}|\p{Emoji}\ufe0f|\p{Emoji_Presentation})\p{Emoji_Modifier}?(?:\u200d\p{Emoji}\ufe0f?\p{Emoji_Modifier}?)*/gu
const eastAsian =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/gu
const invisible = /[\p{Control}\p{Format}\p{Mark}]/gu

/** Columns of a terminal that a text takes: East Asian letters and emoji take two. */
function widthOf(text: string): number {
  if (plain.test(text)) return text.length
  const shown = stripVTControlCharacters(text)
    .replaceAll(emoji, '  ')
    .replaceAll(eastAsian, '  ')
    .replaceAll(invisible, '')
  return [...shown].length
}
