/** Secrets of the vectors of the scheme `awa`. */
export const secret: string = '0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'
export const otherSecret: string = '07'.repeat(32)
