/** The three places around an event where handlers run. */
export type Phase = 'before' | 'on' | 'after'

/** A phase of a named event, as `before:measure` says it. */
export interface Hook {
  readonly phase: Phase
  readonly event: string
}
