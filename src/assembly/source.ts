import { isUtf8 } from 'node:buffer'
import { open } from 'node:fs/promises'
import { messageOf } from '../errors.ts'

/** A stretch of the file's text: UTF-16 offsets, the end exclusive. */
export interface Place {
  readonly offset: number
  readonly end: number
}

/** Line and column of a place, both from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** The text of an assembly file, and where its lines begin. */
export interface Source {
  readonly file: string
  readonly text: string
  readonly lineStarts: readonly number[]
}

/** What kept a file from being read as text, and where. */
export interface Unreadable {
  readonly message: string
  readonly expected: string
  readonly position: Position
}

/** Bytes of the longest assembly that is read. */
const longestFile: number = 4 * 1024 * 1024

/** Reads a file as UTF-8 text. Never reads more than the longest allowed file and one byte. */
export async function readSource(file: string): Promise<Source | Unreadable> {
  const start = { line: 1, column: 1 }
  const bytes = await readAtMost(file, longestFile + 1).catch(messageOf)
  if (typeof bytes === 'string') {
    return {
      message: `the file cannot be read: ${bytes}`,
      expected: 'a readable file',
      position: start,
    }
  }
  if (bytes.length > longestFile) {
    return {
      message: 'the file is too large',
      expected: `at most ${longestFile / 1024 / 1024} MiB`,
      position: start,
    }
  }
  if (!isUtf8(bytes)) {
    return {
      message: 'the file is not UTF-8 text',
      expected: 'UTF-8',
      position: firstBadByte(bytes),
    }
  }
  return sourceOf(file, new TextDecoder().decode(bytes))
}

function sourceOf(file: string, text: string): Source {
  const lineStarts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) {
    lineStarts.push(at + 1)
  }
  return { file, text, lineStarts }
}

export function positionAt({ lineStarts }: Source, offset: number): Position {
  let low = 0
  let high = lineStarts.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((lineStarts[middle] ?? 0) <= offset) low = middle
    else high = middle - 1
  }
  return { line: low + 1, column: offset - (lineStarts[low] ?? 0) + 1 }
}

async function readAtMost(file: string, limit: number): Promise<Uint8Array> {
  await using handle = await open(file)
  const { size } = await handle.stat()
  const buffer = new Uint8Array(Math.min(Math.max(size, 64 * 1024), limit))
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

function firstBadByte(bytes: Uint8Array): Position {
  let line = 1
  let start = 0
  for (;;) {
    const newline = bytes.indexOf(10, start)
    const end = newline === -1 ? bytes.length : newline
    const content = bytes.subarray(start, end)
    if (!isUtf8(content) || newline === -1) return { line, column: columnOfBadByte(content) }
    line += 1
    start = end + 1
  }
}

function columnOfBadByte(line: Uint8Array): number {
  // A decoder that does not give up marks the bad byte; a real U+FFFD before it would need a file about encodings.
  const marked = new TextDecoder().decode(line).indexOf('\uFFFD')
  return marked === -1 ? 1 : marked + 1
}
