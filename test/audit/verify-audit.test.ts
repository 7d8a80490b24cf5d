import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { explainFault, isSound } from '../../src/audit/verdict.ts'
import { verifyAudit } from '../../src/audit/verify-audit.ts'
import type { AuditText } from '../../src/store/audit-chain.ts'
import { anAuditRow, noon, second } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { AuditRow } from '../../src/store/store.ts'
import { type TableRow, TrailSnapshot } from './trail-snapshot.ts'

const key = 'a key that only the host knows'

describe('verifyAudit', () => {
  it('finds nothing wrong with what was written, and says what there is', async () => {
    const trail = await aTrail(7)

    const verdict = await verifyAudit(trail, { keys: [key] })

    assert.deepEqual([verdict.faults, verdict.rows, verdict.unchained], [[], 7, 0])
    const [chain] = verdict.chains
    assert.deepEqual(
      [chain?.chain, chain?.key, chain?.rows, chain?.since, chain?.removed],
      [`shop@${chain?.keyId}`, 'given', 7, noon, 0],
    )
    assert.ok(isSound(verdict))
  })

  it('names a row that was edited, whatever was edited', async () => {
    const edits: ((row: TableRow) => void)[] = [
      (row) => assign(row, { actor: 'eve' }),
      (row) => assign(row, { details: '{}' }),
      (row) => assign(row, { createdAt: noon + 0.5 }),
      (row) => assign(row, { id: 'another' }),
      (row) => {
        row.mac = 'AAAA'
      },
      (row) => {
        row.previous = 'AAAA'
      },
    ]

    for (const edit of edits) {
      const trail = await aTrail(7)
      edit(rowAt(trail, 4))
      const { id } = rowAt(trail, 4).row
      assert.deepEqual(await faultsOf(trail), [
        `row ${id} (4 of chain ${chainOf(trail)}) was edited: it is not what was written`,
      ])
    }
  })

  it('names the places of rows that are missing', async () => {
    const trail = await aTrail(9)
    const chain = chainOf(trail)
    remove(trail, (row) => [1, 4, 5, 9].includes(row.position))

    assert.deepEqual(await faultsOf(trail), [
      `chain ${chain}: row 1 is missing`,
      `chain ${chain}: rows 4 to 5 are missing`,
      `chain ${chain}: row 9 is missing`,
    ])
  })

  it('sees that rows are missing though the others were moved together', async () => {
    const trail = await aTrail(6)
    const chain = chainOf(trail)
    const after = rowAt(trail, 4).row.id
    remove(trail, (row) => row.position === 3)
    for (const row of trail.rows) if (row.position > 3) row.position -= 1

    assert.deepEqual(await faultsOf(trail), [
      `row ${after} (3 of chain ${chain}) is not where it was written: the row before it is another one`,
      `chain ${chain}: row 6 is missing`,
    ])
  })

  it('names the rows that changed places', async () => {
    const trail = await aTrail(9)
    const [three, seven] = [rowAt(trail, 3), rowAt(trail, 7)]
    three.position = 7
    seven.position = 3

    const { faults } = await verifyAudit(trail, { keys: [key] })

    assert.deepEqual(
      faults.map((fault) => [fault.kind, 'id' in fault && fault.id]),
      [
        ['moved', seven.row.id],
        ['moved', three.row.id],
      ],
    )
  })

  it('names a row that was inserted, wherever', async () => {
    const inserted: [Partial<TableRow>, string][] = [
      [{ chain: null }, 'it belongs to no chain'],
      [{ position: 8 }, 'it stands outside of what its chain has'],
      [{ position: 3 }, 'another one stands in its place'],
      [{ position: 0 }, 'it stands outside of what its chain has'],
      [{ position: -5 }, 'it stands outside of what its chain has'],
    ]

    for (const [fields, reason] of inserted) {
      const trail = await aTrail(7)
      const forged = { ...structuredClone(rowAt(trail, 7)), seq: 99, ...fields }
      assign(forged, { id: 'forged' })
      trail.rows.push(forged)
      const faults = await faultsOf(trail)
      assert.deepEqual(
        faults.map((text) => [text.startsWith('row forged'), text.endsWith(reason)]),
        [[true, true]],
        faults.join(),
      )
    }
  })

  it('is not taken in by a head that was moved back with the rows that were cut', async () => {
    const trail = await aTrail(7)
    const [chain] = trail.chains
    assert.ok(chain)
    const { mac } = rowAt(trail, 5)
    remove(trail, (row) => row.position > 5)
    Object.assign(chain.head, { position: 5, mac })

    assert.deepEqual(await faultsOf(trail), [
      `the head of chain ${chain.name} is not genuine: rows may be missing at its end`,
    ])
  })

  it('is not taken in by an anchor that no host has signed, nor one signed with the key in the store', async () => {
    for (const sign of [false, true]) {
      const trail = await aTrail(7)
      const [chain] = trail.chains
      assert.ok(chain)
      const own = (await trail.auditChains()).ownKey
      await using other = await openStore('memory:', { audit: { writer: 'shop', keys: [own] } })
      await other.audit([anAuditRow()])
      const [signed] = (await other.auditChains()).chains
      const { mac } = rowAt(trail, 2)
      remove(trail, (row) => row.position <= 2)
      Object.assign(chain.anchor, { ...(sign && signed?.anchor), position: 2, mac })

      assert.deepEqual(await faultsOf(trail), [
        `the anchor of chain ${chain.name} is not genuine: rows may be missing at its beginning`,
      ])
    }
  })

  it('misses a chain that was removed with its head, and its roster', async () => {
    const trail = await aTrail(3)
    const [chain] = trail.chains.splice(0)
    const [roster] = trail.rosters
    assert.ok(chain && roster)
    trail.rows.splice(0)

    assert.deepEqual(await faultsOf(trail), [`chain ${chain.name} has no head any more`])
    roster.chains = []
    assert.match((await faultsOf(trail)).join(), /^the roster of the chains of key .* is gone or/)
  })

  it('tells what it cannot check without the key of then', async () => {
    const trail = await aTrail(3)

    const without = await verifyAudit(trail, { keys: ['another key than theirs'] })
    const withIt = await verifyAudit(trail, { keys: ['another key than theirs', key] })

    assert.deepEqual(
      [without.chains[0]?.key, without.faults, isSound(without)],
      ['unknown', [], false],
    )
    assert.deepEqual([withIt.chains[0]?.key, isSound(withIt)], ['given', true])
  })

  it('finds out that a whole store was put back to what it was, by a head noted since', async () => {
    await using store = await openStore('memory:', { audit: { keys: [key] } })
    await store.audit([anAuditRow()])
    const old = await TrailSnapshot.of(store)
    await store.audit([anAuditRow(), anAuditRow()])
    const noted = (await verifyAudit(store, { keys: [key] })).chains

    assert.deepEqual((await verifyAudit(store, { keys: [key], noted })).faults, [])
    const { faults } = await verifyAudit(old, { keys: [key], noted })
    assert.deepEqual(faults.map(explainFault), [
      `row 3 of chain ${chainOf(old)} is not what it was when its head was noted, or gone`,
    ])
  })

  it('finds any one thing that is changed in any trail', async () => {
    await fc.assert(
      fc.asyncProperty(randomTrail, fc.nat(), fc.nat(), async (batches, which, where) => {
        const trail = await written(batches)
        assert.deepEqual(await faultsOf(trail), [])

        const mutate = mutations[which % mutations.length]
        assert.ok(mutate)
        const changed = trail.copy()
        mutate(changed, where)

        if (isSame(trail, changed)) return
        const { faultCount } = await verifyAudit(changed, { keys: [key] })
        assert.ok(faultCount > 0, mutate.name)
      }),
      { numRuns: 400 },
    )
  })
})

const anyRow = fc.record({
  entityType: fc.string({ maxLength: 4 }),
  entityId: fc.string({ maxLength: 4, unit: 'binary' }),
  action: fc.string({ maxLength: 4 }),
  actor: fc.string({ maxLength: 4 }),
  details: fc.dictionary(fc.string({ maxLength: 3 }), fc.jsonValue({ maxDepth: 1 })),
  createdAt: fc.double({ noNaN: true, noDefaultInfinity: true }),
})
/** Batches of rows; a cut by retention after some of them. */
const randomTrail = fc.array(
  fc.record({ rows: fc.array(anyRow, { minLength: 1, maxLength: 5 }), cut: fc.nat({ max: 3 }) }),
  { minLength: 1, maxLength: 4 },
)

const mutations: readonly ((trail: TrailSnapshot, where: number) => void)[] = [
  function removeRow(trail, where) {
    trail.rows.splice(where % Math.max(1, trail.rows.length), 1)
  },
  function swapRows(trail, where) {
    const [a, b] = [pick(trail.rows, where), pick(trail.rows, where >> 3)]
    if (a === undefined || b === undefined) return
    const { position } = a
    a.position = b.position
    b.position = position
  },
  function editText(trail, where) {
    const row = pick(trail.rows, where)
    const fields = ['id', 'entityType', 'entityId', 'action', 'actor', 'details'] as const
    const field = pick(fields, where >> 4)
    if (row !== undefined && field !== undefined) assign(row, { [field]: `${row.row[field]} ` })
  },
  function editTime(trail, where) {
    const row = pick(trail.rows, where)
    if (row !== undefined)
      assign(row, { createdAt: row.row.createdAt === 0 ? 1 : -row.row.createdAt })
  },
  function editPlace(trail, where) {
    const row = pick(trail.rows, where)
    if (row !== undefined) row.position += (where % 7) - 3
  },
  function editChain(trail, where) {
    const row = pick(trail.rows, where)
    if (row !== undefined) row.chain = where % 2 === 0 ? null : 'other@00000000'
  },
  function editMac(trail, where) {
    const row = pick(trail.rows, where)
    if (row !== undefined) row[where % 2 === 0 ? 'mac' : 'previous'] += 'A'
  },
  function insertCopy(trail, where) {
    const row = pick(trail.rows, where)
    if (row !== undefined)
      trail.rows.push({ ...structuredClone(row), seq: 1_000, position: where % 40 })
  },
  function editHead(trail, where) {
    const [chain] = trail.chains
    if (chain !== undefined) Object.assign(chain.head, { position: where % 20 })
  },
  function editAnchor(trail, where) {
    const [chain] = trail.chains
    if (chain !== undefined) Object.assign(chain.anchor, { position: where % 20 })
  },
  function removeChain(trail) {
    trail.chains.pop()
  },
  function removeRoster(trail) {
    trail.rosters.pop()
  },
  function editRoster(trail, where) {
    const [roster] = trail.rosters
    if (roster !== undefined)
      roster.chains = where % 2 === 0 ? [] : [...roster.chains, 'x@00000000']
  },
]

async function written(
  batches: readonly { rows: readonly Omit<AuditRow, 'id'>[]; cut: number }[],
): Promise<TrailSnapshot> {
  await using store = await openStore('memory:', { audit: { writer: 'shop', keys: [key] } })
  for (const { rows, cut } of batches) {
    await store.audit(rows.map((row) => ({ ...anAuditRow(), ...row })))
    await store.pruneAudit(Number.POSITIVE_INFINITY, cut)
  }
  return await TrailSnapshot.of(store)
}

async function aTrail(rows: number): Promise<TrailSnapshot> {
  await using store = await openStore('memory:', { audit: { writer: 'shop', keys: [key] } })
  for (let index = 0; index < rows; index += 1) {
    await store.audit([anAuditRow({ createdAt: noon + index * second })])
  }
  return await TrailSnapshot.of(store)
}

async function faultsOf(trail: TrailSnapshot): Promise<string[]> {
  return (await verifyAudit(trail, { keys: [key] })).faults.map(explainFault)
}

function rowAt(trail: TrailSnapshot, position: number): TableRow {
  const found = trail.rows.find((row) => row.position === position)
  assert.ok(found)
  return found
}

function chainOf({ chains }: TrailSnapshot): string {
  return chains[0]?.name ?? 'none'
}

function remove(trail: TrailSnapshot, matches: (row: TableRow) => boolean): void {
  trail.rows.splice(0, Infinity, ...trail.rows.filter((row) => !matches(row)))
}

function assign(row: TableRow, fields: Partial<AuditText>): void {
  row.row = { ...row.row, ...fields }
}

function pick<T>(list: readonly T[], where: number): T | undefined {
  return list[where % Math.max(1, list.length)]
}

function isSame(a: TrailSnapshot, b: TrailSnapshot): boolean {
  const textOf = ({ rows, chains, rosters }: TrailSnapshot): string =>
    JSON.stringify([rows, chains, rosters])
  return textOf(a) === textOf(b)
}
