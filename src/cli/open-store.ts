import type { Assembly } from '../assembly/assembly.ts'
import { openSharedStore } from '../store/open-store.ts'
import type { Store } from '../store/store.ts'
import type { CliContext } from './context.ts'
import { loadForCommand } from './load.ts'

/** What the audit chain of commands is called. */
const auditWriter = 'cli'

/** Opens the store of the command's assembly, whether or not a host runs. @throws {CarabinerError} STORE_UNAVAILABLE on `memory:` */
export async function openCommandStore(context: CliContext, assembly?: Assembly): Promise<Store> {
  const { host } = assembly ?? (await loadForCommand(context)).assembly
  return openSharedStore(host.store, { audit: { writer: auditWriter, keys: host.auditKeys } })
}
