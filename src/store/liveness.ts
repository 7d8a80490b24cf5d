/** A host that has not beaten for longer than this is dead: what it holds may be recovered. Milliseconds. */
export const hostSilenceMs = 10_000
