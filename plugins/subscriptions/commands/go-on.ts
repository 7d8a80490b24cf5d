import type { PublishedEvent } from '../event.ts'
import { rfc3339 } from '../subscription.ts'
import type { Selection } from './selection.ts'

/** The command that goes on with a replay: what was replayed since it began is not replayed again. */
export function goOnCommand(
  connector: string,
  {
    selection,
    at,
    begunAt,
  }: { readonly selection: Selection; readonly at: PublishedEvent; readonly begunAt: number },
): string {
  const words = ['carabiner', connector, 'replay', ...whichOnes(selection, at)]
  return [...words, '--unless-replayed-since', rfc3339(begunAt), '--yes'].map(quoted).join(' ')
}

function whichOnes(selection: Selection, { acceptedAt }: PublishedEvent): readonly string[] {
  if (selection.kind === 'named') {
    const { ids, owner } = selection
    return owner === undefined ? ids : [...ids, '--owner', owner]
  }
  const { owner, to, type } = selection.range
  const from = rfc3339(acceptedAt)
  const range = ['--owner', owner, '--from', from, '--to', rfc3339(to)]
  return type === undefined ? range : [...range, '--type', type]
}

/** For a POSIX shell. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`
}
