/** Word from other processes on the store. */
export interface ChangeFeed {
  /**
   * Calls the listener soon after another process has left deliveries that are due, or has changed an endpoint's state; it may be called without need, and
   * changes may be missed while the connection is away: whoever listens also looks by itself now and then. A store that cannot tell never calls.
   */
  onChange(listener: () => void): Disposable
}
