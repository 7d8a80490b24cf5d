import type { openStore } from 'carabiner'
import {
  type CallbackReply,
  completeCallback,
  failCallback,
  heartbeatCallback,
  receiveCallback,
} from 'carabiner/callbacks'

type Store = Awaited<ReturnType<typeof openStore>>
type Action = 'complete' | 'fail' | 'heartbeat'

/** For a framework that has no adapter. You route, read the raw body (1 MiB at most), and send `body` as JSON with `status`. */
export function receive(
  store: Store,
  secret: string,
  // The id as it stands in the path, before anything decodes it.
  request: { id: string; action: Action; signature?: string; body: Uint8Array },
): Promise<CallbackReply> {
  return receiveCallback(store, request, { secret })
}

/** For callers that your server knows by other means, a session of an operator for example: no signature is looked at. */
export function answer(store: Store, id: string, verdict: Verdict): Promise<CallbackReply> {
  switch (verdict.kind) {
    case 'approved':
      return completeCallback(store, { id, body: JSON.stringify({ payload: verdict.by }) })
    case 'refused':
      return failCallback(store, { id, body: JSON.stringify({ error: verdict.reason }) })
    case 'looked at':
      return heartbeatCallback(store, { id, body: '{"timeout_seconds":86400}' })
  }
}

export type Verdict =
  | { kind: 'approved'; by: string }
  | { kind: 'refused'; reason: string }
  | { kind: 'looked at' }
