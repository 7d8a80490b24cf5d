import { styleText } from 'node:util'

// `styleText` leaves text plain when standard output is no terminal or NO_COLOR is set.
export const bold = (text: string): string => styleText('bold', text)
export const dim = (text: string): string => styleText('dim', text)
export const green = (text: string): string => styleText('green', text)
export const red = (text: string): string => styleText('red', text)
export const yellow = (text: string): string => styleText('yellow', text)
