// Imported by `npm test`: a source is compiled for the first process that loads it, not for each of the hundreds that tests start.
import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../../.cache/compile', import.meta.url))
enableCompileCache(folder)
process.env['NODE_COMPILE_CACHE'] = folder
