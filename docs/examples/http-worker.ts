import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import { callbackSignatureHeader, verifyCallback } from 'carabiner/callbacks'

/**
 * A worker for `mode: async`: takes a job at once, does it in its own time, and posts the result to the job's callback.
 *
 * @param secret - of the stanza `callbacks:`
 * @param work - what it does with the params of the event
 */
export function createWorker(
  secret: string,
  work: (args: unknown) => Promise<unknown>,
  onError: (error: unknown) => void,
): Server {
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const signature = String(request.headers[callbackSignatureHeader.toLowerCase()])
    const { args, callback_id: id, callback_url: url } = Object(await json(request))
    const isOurs = verifyCallback(id, signature, secret)
    response.writeHead(isOurs ? 202 : 401).end()
    if (!isOurs) return

    const [place, body] = await work(args).then(
      (payload) => [url, { payload }],
      (error: unknown) => [url.replace(/complete$/, 'fail'), { error: String(error) }],
    )
    const headers = { [callbackSignatureHeader]: signature }
    const answer = await fetch(place, { method: 'POST', headers, body: JSON.stringify(body) })
    if (!answer.ok) throw new Error(`the result of ${id} was not taken: ${answer.status}`)
  }

  return createServer((request, response) => {
    take(request, response).catch((error: unknown) => {
      onError(error)
      if (!response.headersSent) response.writeHead(400).end()
    })
  })
}
