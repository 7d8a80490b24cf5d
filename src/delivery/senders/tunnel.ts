import { isIP, type Socket } from 'node:net'
import { CarabinerError } from '../../errors.ts'
import type { EgressProxy } from '../egress/proxy.ts'

/** Bytes of a proxy's answer to CONNECT. */
const answerLimit = 16_384

/**
 * Asks a proxy to connect a socket to a target. Resolves once what is written to the socket arrives there.
 *
 * @param socket - connected to the proxy
 * @param host - name or address, without brackets
 */
export async function tunnel(
  socket: Socket,
  proxy: EgressProxy,
  target: { readonly host: string; readonly port: number },
): Promise<void> {
  const authority = `${isIP(target.host) === 6 ? `[${target.host}]` : target.host}:${target.port}`
  const authorization =
    proxy.authorization === undefined ? '' : `Proxy-Authorization: ${proxy.authorization}\r\n`
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`)

  const refused = (why: string): CarabinerError =>
    proxyFailed(proxy, `did not connect to ${authority}: ${why}`)
  const { statusLine, talksOn } = await readAnswer(socket, refused)
  const [, status, reason = ''] = /^HTTP\/1\.[01] (\d{3})(?: (.*))?$/.exec(statusLine) ?? []
  if (status === undefined) throw refused('it does not speak HTTP as it should')
  if (!status.startsWith('2')) throw refused(`${status} ${printable(reason)}`.trimEnd())
  if (talksOn) throw refused('it sent more than its answer')
}

export function proxyFailed(
  { host, port }: EgressProxy,
  what: string,
  options?: ErrorOptions,
): CarabinerError {
  return new CarabinerError('PROXY_FAILED', `the proxy ${host}:${port} ${what}`, options)
}

interface Answer {
  readonly statusLine: string
  /** Whether something came after the header: the page with which a proxy explains its refusal, but nothing a tunnel begins with. */
  readonly talksOn: boolean
}

/** Once the whole header has come. */
function readAnswer(socket: Socket, refused: (why: string) => CarabinerError): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let received = ''
    const settle = (outcome: () => void): void => {
      socket.off('readable', read)
      socket.off('close', closed)
      outcome()
    }
    const closed = (): void => settle(() => reject(refused('it ended the connection')))
    // `data` would leave the socket flowing, and lose what comes before its user listens.
    const read = (): void => {
      for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) {
        received += chunk.toString('latin1')
      }
      const end = received.indexOf('\r\n\r\n')
      if (end === -1 && received.length <= answerLimit) return
      if (end === -1) settle(() => reject(refused('its answer is too long')))
      else {
        const statusLine = received.slice(0, received.indexOf('\r\n'))
        settle(() => resolve({ statusLine, talksOn: end + 4 < received.length }))
      }
    }
    socket.on('readable', read)
    socket.once('close', closed)
  })
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 200)
}
