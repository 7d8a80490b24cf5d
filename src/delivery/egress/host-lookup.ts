import type { LookupAddress } from 'node:dns'

/** Asks for all addresses of a host name. */
export type LookupAll = (
  host: string,
  callback: (error: NodeJS.ErrnoException | null, addresses: readonly LookupAddress[]) => void,
) => void

type Waiting = Parameters<LookupAll>[1]

/**
 * Asks once when several connections wait for the same name.
 *
 * The operating system's resolver holds one of four threads until it gives up, and can't be told to stop. A thousand
 * connections to one name whose DNS hangs would stop every other name, and the file system with it.
 */
export function coalesceLookups(lookup: LookupAll): LookupAll {
  const waiting = new Map<string, Waiting[]>()

  return (host, callback) => {
    const others = waiting.get(host)
    if (others !== undefined) {
      others.push(callback)
      return
    }
    const callbacks = [callback]
    waiting.set(host, callbacks)
    lookup(host, (error, addresses) => {
      waiting.delete(host)
      for (const each of callbacks) each(error, addresses)
    })
  }
}
