/** What owners are called: visible characters, so that nothing runs over the end of an index entry's line. */
export const ownerPattern = '^[\\x21-\\x7e]{3,255}$'

const whole = new RegExp(ownerPattern)

/** Whether somebody could be called so. */
export function isOwner(text: string): boolean {
  return whole.test(text)
}
