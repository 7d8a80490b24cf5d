import type { CallbackStore } from '../callback-book.ts'
import type { CallbackRoutesConfig } from '../callback-http.ts'

/** What is put to the test. */
export interface CallbackSubject {
  /** Where callbacks are made and looked at. */
  readonly store: CallbackStore
  /**
   * Starts a server with the routes. Called once for each config that cases need, so several servers run at the same time.
   *
   * @param store - the one above, or for some cases one that fails
   */
  start(store: CallbackStore, config: CallbackRoutesConfig): Promise<CallbackServer>
}

/** A server that listens. */
export interface CallbackServer extends AsyncDisposable {
  /** Without the path prefix: `http://127.0.0.1:4000`. */
  readonly url: string
}
