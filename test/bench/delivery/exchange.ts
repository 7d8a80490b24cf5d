import type { Socket } from 'node:net'
import { nowMs } from './body.ts'

/** Writes a request, and resolves to the milliseconds until its whole answer was there. Rejects at an answer with another status. */
export function exchange(socket: Socket, bytes: Buffer, status: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = nowMs()
    let answer = ''
    const read = (chunk: Buffer): void => {
      answer += chunk.toString('latin1')
      if (!isComplete(answer)) return
      socket.off('data', read)
      socket.off('error', reject)
      socket.off('close', closed)
      if (answer.startsWith(`HTTP/1.1 ${status} `)) resolve(nowMs() - began)
      else reject(new Error(answer))
    }
    const closed = (): void => reject(new Error(`closed after ${answer.length} bytes`))
    socket.on('data', read)
    socket.on('error', reject)
    socket.on('close', closed)
    socket.write(bytes)
  })
}

function isComplete(answer: string): boolean {
  const bodyAt = answer.indexOf('\r\n\r\n') + 4
  if (bodyAt < 4) return false
  const [, length] = /^content-length: (\d+)\r$/im.exec(answer.slice(0, bodyAt)) ?? []
  if (length === undefined) throw new Error(`an answer without a content-length: ${answer}`)
  return answer.length >= bodyAt + Number(length)
}
