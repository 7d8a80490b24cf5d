import { CarabinerError } from '../errors.ts'
import { patchable } from './patchable-json.ts'
import { checkFacets } from './record-listing.ts'
import { checkName } from './record-text.ts'
import type { RecordPatch } from './records.ts'

/** A patch that was looked at, copied and written as JSON: the store's own to keep. */
export interface OwnPatch {
  readonly kind: 'patch'
  readonly collection: string
  readonly id: string
  /** JSON of an object, `patchable`. */
  readonly set: string
  /** JSON of an object of whole numbers. */
  readonly add: string
  readonly facets: Readonly<Record<string, string>>
}

/** @throws {CarabinerError} USAGE for a member that cannot be kept, or a number that is not whole */
export function ownPatch({
  collection,
  id,
  set = {},
  add = {},
  facets = {},
}: RecordPatch): OwnPatch {
  checkFacets(facets)
  for (const member of [...Object.keys(set), ...Object.keys(add)]) {
    checkName('the name of a member', member)
  }
  for (const [member, by] of Object.entries(add)) {
    if (!Number.isSafeInteger(by)) {
      throw new CarabinerError('USAGE', `member ${member} is raised by a whole number, not ${by}`)
    }
  }
  return {
    kind: 'patch',
    collection,
    id,
    set: patchable(JSON.stringify(set)),
    add: JSON.stringify(add),
    facets: { ...facets },
  }
}

/** JSON of a value, as it is stored, with its members changed. */
export function patchedJson(value: string, { set, add }: OwnPatch): string {
  if (!value.startsWith('{')) return value
  // An object, by its first character; and `ownPatch` wrote the others.
  const whole = { ...JSON.parse(value), ...JSON.parse(set) } as Record<string, unknown>
  const raised = Object.entries(JSON.parse(add) as Record<string, number>).map(([member, by]) => {
    const before = whole[member]
    return [member, (typeof before === 'number' ? before : 0) + by] as const
  })
  return JSON.stringify({ ...whole, ...Object.fromEntries(raised) })
}
