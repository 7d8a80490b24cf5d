import Table from 'cli-table3'

const bare = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
}

/** Rows as text in columns, headed by the names of the columns in capitals. `null` and absent cells stand as `-`. */
export function renderTable(rows: readonly object[], columns: readonly string[]): string {
  const table = new Table({
    head: columns.map((column) => column.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toUpperCase()),
    chars: bare,
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  })
  for (const row of rows) {
    const cells = new Map<string, unknown>(Object.entries(row))
    table.push(columns.map((column) => cell(cells.get(column))))
  }
  return table.toString().replaceAll(/ +$/gm, '')
}

function cell(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (Array.isArray(value)) return value.length === 0 ? '-' : value.join(', ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
