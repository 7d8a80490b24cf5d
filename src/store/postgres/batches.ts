/** Rows that one transaction removes or gives up at most, so that others get their turn. */
const batchRows = 500

/** Changes at most `limit` rows, in a transaction of its own for each batch. Resolves to how many there were. */
export async function inBatches(
  limit: number,
  change: (rows: number) => Promise<number>,
): Promise<number> {
  let changed = 0
  while (changed < limit) {
    const done = await change(Math.min(batchRows, limit - changed))
    // A batch may be smaller than asked for because others hold some of its rows.
    if (done === 0) break
    changed += done
  }
  return changed
}
