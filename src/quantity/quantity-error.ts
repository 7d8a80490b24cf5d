import { CarabinerError } from '../errors.ts'

/** A text that is not the quantity it should be: what was got, why it is refused, what was expected. */
export class QuantityError extends CarabinerError {
  override readonly name: string = 'QuantityError'
  /** Why it is refused, without the text itself. */
  readonly reason: string
  readonly expected: string

  constructor(got: unknown, reason: string, expected: string) {
    super('QUANTITY_INVALID', `${quote(got)} ${reason}: expected ${expected}`)
    this.reason = reason
    this.expected = expected
  }
}

function quote(got: unknown): string {
  if (typeof got !== 'string') return `\`${String(got)}\``
  return got.length > 40 ? `\`${got.slice(0, 40)}…\`` : `\`${got}\``
}
