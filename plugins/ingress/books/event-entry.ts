/** The entry under which something of an event stands: in the order of its time. */
export function entryOf(eventId: string, atMs: number): string {
  return `${prefixOf(eventId)}${String(atMs).padStart(timeDigits, '0')}`
}

/** What all entries of an event begin with. */
export function prefixOf(eventId: string): string {
  return `${eventId}\n`
}

const timeDigits = 15
