/**
 * Where a dispatch leaves what it owes the outside world, before its caller is told that it completed.
 *
 * The bus knows nothing of messages: it collects what was owed for an event and hands it over in one commit.
 */
export interface Outbox<Owed> {
  /** Resolves (or returns) when a commit can be expected to work. Throws STORE_UNAVAILABLE otherwise. Called before the on phase. */
  ready(): void | Promise<void>
  /** Stores all of it, or nothing. Resolves when it is durable. */
  commit(owed: readonly Owed[]): Promise<void>
}
