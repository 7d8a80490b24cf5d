/** What the answers of the benchmark are signed with. */
export const callbackSecret: string = '5a'.repeat(32)
