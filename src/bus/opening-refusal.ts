import type { Phase } from './phase.ts'

/** Why no callback can be opened in a handler of the phase; `undefined`: one can. */
export function openingRefusal(
  dispatch: { readonly eventName: string; readonly dryRun: boolean; readonly canPark: boolean },
  phase: Phase,
): string | undefined {
  if (dispatch.dryRun) return 'a dry run opens no callbacks'
  if (phase === 'after') return 'nothing waits for an after handler'
  if (phase === 'on' || dispatch.canPark) return undefined
  return `a dispatch of \`${dispatch.eventName}\` does not park`
}
