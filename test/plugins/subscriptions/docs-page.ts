import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { program } from '../../helpers/cli.ts'

/** A block of shell commands in a page; with what it says that they answer. */
export interface Commands {
  /** Of its first line, from 1. */
  readonly line: number
  readonly script: string
  readonly answer: PromisedAnswer | undefined
}

export interface PromisedAnswer {
  readonly status: number
  readonly body: unknown
}

/** The shell blocks of a page, in order. The answer is the JSON block behind; its status is the last one that the text before names. */
export function commandsIn(page: string): readonly Commands[] {
  const blocks = [...page.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
  return blocks.flatMap(({ index, 0: whole, 1: language, 2: script = '' }, at) => {
    if (language !== 'sh') return []
    const before = blocks[at - 1]
    const text = page.slice(before === undefined ? 0 : before.index + before[0].length, index)
    const next = blocks[at + 1]
    const follows = next !== undefined && page.slice(index + whole.length, next.index).trim() === ''
    const isAnswered = follows && next[1] === 'json'
    const line = page.slice(0, index).split('\n').length + 1
    const answer = isAnswered
      ? { status: statusIn(text), body: JSON.parse(next[2] ?? '') }
      : undefined
    return [{ line, script, answer }]
  })
}

function statusIn(text: string): number {
  const named = [...text.matchAll(/`(\d{3})`/g)].at(-1)
  return Number(named?.[1] ?? 200)
}

/** What a reader's terminal is like: variables stay, and `carabiner` is on the path. */
export interface Terminal {
  /** @throws when the commands fail */
  run(script: string, more?: Readonly<Record<string, string>>): Promise<string>
}

export function openTerminal(folder: string): Terminal {
  const state = `${folder}/.terminal`
  writeFileSync(state, '')
  const node = [process.execPath, ...program].join(' ')
  const around = (script: string): string => `. ${state}
carabiner() { ${node} "$@"; }
curl() { command curl --silent --show-error --max-time 20 --write-out '\\n%{http_code}' "$@"; }
${script}
export -p > ${state}`
  return {
    run(script, more = {}) {
      // What is given anew stands after what was exported before.
      const given = Object.entries(more).map(([name, value]) => `export ${name}='${value}'`)
      const env = { PATH: process.env['PATH'] }
      const text = around([...given, script].join('\n'))
      return new Promise((resolve, reject) => {
        execFile('sh', ['-ec', text], { cwd: folder, env }, (error, out, err) => {
          if (error === null) resolve(out)
          else reject(new Error(`${script}\n${out}${err}`, { cause: error }))
        })
      })
    },
  }
}

/** What `curl` printed in a terminal. */
export function answerIn(out: string): PromisedAnswer {
  const lines = out.trimEnd().split('\n')
  const status = Number(lines.pop())
  return { status, body: JSON.parse(lines.join('\n')) }
}

/** With names in place of what is different each time. */
export function withoutChance(value: unknown): unknown {
  const text = JSON.stringify(value)
    .replaceAll(/"[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}"/g, '"ID"')
    .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"TIME"')
    .replaceAll(/"whsec_[^"]+"/g, '"SECRET"')
    .replaceAll(/"\*{4}[^"]{4}"/g, '"HINT"')
    .replaceAll(/"version":"[^"]+"/g, '"version":"VERSION"')
    .replaceAll(/"durationMs":[\d.]+/g, '"durationMs":0')
    .replaceAll(/"nextCursor":"[^"]+"/g, '"nextCursor":"CURSOR"')
    .replaceAll(/http:\/\/127\.0\.0\.1:\d+|https:\/\/\w+\.example\.com/g, 'http://SOMEWHERE')
  return JSON.parse(text)
}
