import { styleText } from 'node:util'
import type { Redactor } from '../assembly/redactor.ts'

/** A stream of the process, as far as the command line needs it. */
export interface OutputStream {
  readonly isTTY?: boolean
  write(text: string): unknown
}

type Style = Parameters<typeof styleText>[0]

/** Where commands print: results on standard output, everything else on standard error, without any secret. */
export class Terminal {
  readonly #out: OutputStream
  readonly #err: OutputStream
  readonly #outColor: boolean
  readonly #errColor: boolean
  #redactor: Redactor | undefined

  constructor(out: OutputStream, err: OutputStream, color: boolean) {
    this.#out = out
    this.#err = err
    this.#outColor = color && out.isTTY === true
    this.#errColor = color && err.isTTY === true
  }

  /** From now on, nothing that this redactor knows is printed. */
  redactWith(redactor: Redactor): void {
    this.#redactor = redactor
  }

  get errIsTerminal(): boolean {
    return this.#err.isTTY === true
  }

  /** A line of the result. */
  print(text: string): void {
    this.#out.write(`${this.#mask(text)}\n`)
  }

  /** The result as JSON; `undefined` becomes `null`. Indented for people, on one line with `compact`. */
  printJson(value: unknown, compact = false): void {
    const text = JSON.stringify(value, (_key, each: unknown) => each ?? null, compact ? 0 : 2)
    this.print(text.replace(escapes, wellFormed))
  }

  /** A line of progress or complaint. */
  say(text: string): void {
    this.#err.write(`${this.#mask(text)}\n`)
  }

  /** Text as it stands, for log lines that end in a newline of their own. */
  sayRaw(text: string): void {
    this.#err.write(this.#mask(text))
  }

  /** Dresses a part of a result, when standard output is a terminal. */
  style(style: Style, text: string): string {
    return this.#outColor ? styleText(style, text, { validateStream: false }) : text
  }

  /** Dresses a part of a complaint, when standard error is a terminal. */
  styleErr(style: Style, text: string): string {
    return this.#errColor ? styleText(style, text, { validateStream: false }) : text
  }

  #mask(text: string): string {
    return this.#redactor?.text(text) ?? text
  }
}

/** Of what `JSON.stringify` writes: a backslash, or half of a surrogate pair whose other half is missing. */
const escapes = /\\(?:\\|ud[89a-f][0-9a-f]{2})/g

/** What programs store may have such halves; readers such as jq take no document that has one. */
function wellFormed(escaped: string): string {
  return escaped === '\\\\' ? escaped : '\ufffd'
}
