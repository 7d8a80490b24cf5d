import type { CommandContext } from 'carabiner'
import type { Counters } from '../counters.ts'

/** With `--json` the value, indented; else the text. */
export function print(
  context: Pick<CommandContext, 'json' | 'print'>,
  value: unknown,
  text: string,
): void {
  context.print(context.json ? JSON.stringify(value, null, 2) : text)
}

/** How an event's deliveries stand. */
export function standing({ queued_deliveries, ...counters }: Counters): string {
  const { delivered, pending, dead_lettered } = counters
  const states = [
    [delivered, 'delivered'],
    [pending, 'pending'],
    [dead_lettered, 'given up'],
  ] as const
  const counted = states.filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`)
  const deliveries = many(queued_deliveries, 'delivery', 'deliveries')
  return counted.length === 0 ? deliveries : `${deliveries}: ${counted.join(', ')}`
}

/** `1 delivery`, `2 deliveries`, `1,000 deliveries`. */
export function many(count: number, one: string, more: string): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? one : more}`
}
