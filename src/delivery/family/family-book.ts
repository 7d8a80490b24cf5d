import type { EndpointRegistry } from '../endpoint-registry.ts'
import type { DueMembers } from './due-members.ts'
import type { EndpointFamily, RegisteredFamily } from './endpoint-family.ts'
import type { Families } from './families.ts'
import type { Members } from './members.ts'
import { type NoticeParts, noticedByOthers } from './notice.ts'

export interface FamilyBookParts {
  readonly families: Families
  readonly members: Members
  readonly dueMembers: DueMembers
  readonly registry: Pick<EndpointRegistry, 'welcome'>
  readonly notice: NoticeParts
}

/** Makes families known, and looks after what waits for their endpoints as long as they are. */
export class FamilyBook {
  readonly #parts: FamilyBookParts

  constructor(parts: FamilyBookParts) {
    this.#parts = parts
  }

  /** @throws {CarabinerError} USAGE for a prefix that overlaps with another family's */
  register(family: EndpointFamily): RegisteredFamily {
    const { families, members, dueMembers, registry, notice } = this.#parts
    families.add(family)
    members.reset(family.prefix)
    dueMembers.begin(family.prefix)
    return {
      changed: (ids) => members.changed(ids),
      welcome: (id) => registry.welcome(id),
      noticed: () => noticedByOthers(notice),
      [Symbol.dispose]: () => this.#end(family),
    }
  }

  #end(family: EndpointFamily): void {
    const { families, members, dueMembers } = this.#parts
    if (families.of(family.prefix) !== family) {
      families.remove(family)
      return
    }
    families.remove(family)
    members.reset(family.prefix)
    if (families.of(family.prefix) === undefined) dueMembers.end(family.prefix)
  }
}
