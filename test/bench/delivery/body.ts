const size = 1_024
const prefix = '{"at":"'
const digits = 20
const filling = `","fill":"${'x'.repeat(size - prefix.length - digits - 12)}"}`

/** A body of 1 KB that says when it was made. */
export function makeBody(): string {
  return `${prefix}${nowMs().toFixed(3).padStart(digits, '0')}${filling}`
}

/** When a body was made, from its bytes. */
export function madeAt(bytes: Buffer, start: number): number {
  const from = start + prefix.length
  return Number(bytes.toString('latin1', from, from + digits))
}

/** Milliseconds on a clock that all processes of this computer share. */
export function nowMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000
}
