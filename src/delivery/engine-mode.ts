/** What an engine does with what is due. Shared by its parts; only the engine changes it. */
export interface EngineMode {
  /**
   * `idle`: stores what is committed, sends nothing. `holding`: keeps what this process commits, to send it in `drainOwn`.
   * `own`: sends that and nothing else. `delivering`: sends whatever is due in the store.
   */
  current: 'idle' | 'holding' | 'own' | 'delivering' | 'stopped'
}
