import { systemClock } from 'carabiner'
import { type Progress, processed } from './bulk-replay.ts'
import { many } from './print.ts'

/** A line of progress is no more frequent than this. */
const sayEveryMs = 1_000

/** Says how far a replay of many is, and how fast it goes. */
export function progressSayer(
  say: (text: string) => void,
  total: number,
): (progress: Progress) => void {
  const startedAt = systemClock.monotonic()
  let nextAt = startedAt + sayEveryMs
  return (progress) => {
    const now = systemClock.monotonic()
    const done = processed(progress)
    if (now < nextAt && done < total) return
    nextAt = now + sayEveryMs
    const rate = Math.round((done * 1_000) / Math.max(1, now - startedAt))
    const counted = `${done.toLocaleString('en-US')} of ${many(total, 'event', 'events')}`
    say([`${counted}, ${rate.toLocaleString('en-US')}/s`, ...leftOut(progress)].join(', '))
  }
}

/** What was left out, and why; nothing when nothing was. */
export function leftOut({ skipped }: Progress): readonly string[] {
  return Object.entries(reasons).flatMap(([reason, why]) => {
    const count = skipped[reason as keyof typeof reasons] // its own key
    return count === 0 ? [] : [`${count.toLocaleString('en-US')} left out: ${why}`]
  })
}

const reasons: Readonly<Record<keyof Progress['skipped'], string>> = {
  replay_pending: 'a replay is under way',
  event_erased: 'the payload was erased',
  replayed_before: 'replayed before',
  event_not_found: 'expired',
}
