/** Primary result codes of SQLite, https://sqlite.org/rescode.html */
const busy = 5
const locked = 6
const protocol = 15
const notADatabase = 26
/** Extended result codes: a row with this key is there. */
const duplicates: ReadonlySet<number> = new Set([1555, 2067])
/** What concerns the file, the disk or the process, not the statement. */
const ofTheStore: ReadonlySet<number> = new Set([
  busy,
  locked,
  7, // no memory
  8, // read only
  10, // input or output
  11, // corrupt
  13, // disk full
  14, // cannot open
  protocol,
  22, // large file support
  notADatabase,
])

/** Another connection holds the lock that is needed. */
export function isLocked(error: unknown): boolean {
  const code = primaryCode(error)
  return code === busy || code === locked || code === protocol
}

/** The store failed, not what was asked of it: everything else asked now would fail as well. */
export function isStoreFailure(error: unknown): boolean {
  const code = primaryCode(error)
  return code !== undefined && ofTheStore.has(code)
}

export function isDuplicate(error: unknown): boolean {
  const code = resultCode(error)
  return code !== undefined && duplicates.has(code)
}

export function isNotADatabase(error: unknown): boolean {
  return primaryCode(error) === notADatabase
}

function primaryCode(error: unknown): number | undefined {
  const code = resultCode(error)
  return code === undefined ? undefined : code & 0xff
}

function resultCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode : undefined
}
