import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { renderTable } from '../../src/cli/table.ts'

describe('a table', () => {
  it('is as wide as its widest cells, headed in capitals, without spaces at the end', () => {
    const rows = [
      { id: 'a', createdAt: 1_000_000, tags: ['x', 'y'] },
      { id: 'longer', createdAt: null, tags: [] },
    ]

    const table = renderTable(rows, ['id', 'createdAt', 'tags', 'absent'])

    assert.equal(
      table,
      [
        'ID      CREATED AT  TAGS  ABSENT',
        'a       1000000     x, y  -',
        'longer  -           -     -',
      ].join('\n'),
    )
  })

  it('gives a cell as many lines as it has', () => {
    const table = renderTable([{ name: 'one\nand two', next: 3 }], ['name', 'next'])

    assert.deepEqual(table.split('\n'), ['NAME     NEXT', 'one      3', 'and two'])
  })

  for (const [text, width] of [
    ['naïve — “so”', 12],
    ['日本語', 6],
    ['ｗｉｄｅ', 8],
    ['e\u0301', 1],
    ['👩‍👩‍👧', 2],
    ['\u001b[31mred\u001b[39m', 3],
  ] as const) {
    it(`knows that a terminal shows ${JSON.stringify(text)} in ${width} columns`, () => {
      const rows = [text, '-'.repeat(20)].map((a) => ({ a, b: '|' }))

      const [, row] = renderTable(rows, ['a', 'b']).split('\n')

      assert.equal(row, `${text}${' '.repeat(20 - width)}  |`)
    })
  }
})
