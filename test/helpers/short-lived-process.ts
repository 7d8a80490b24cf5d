// Makes objects that all survive while the process warms up. With `told`, V8 has been told that they do not live long.
import { expectShortLives } from '../../src/cli/short-lived.ts'

if (process.argv[2] === 'told') await expectShortLives()
const kept: object[] = []
for (let n = 0; n < 300_000; n += 1) kept[n % 100_000] = { n, of: { n } }
