// Endpoints that misbehave, in a process of their own: what they spend is not the host's.
import { startHostile, startNeverAccepting } from '../helpers/hostile-receiver.ts'

const hostile = await startHostile()
const never = await startNeverAccepting()
process.stdout.write(`${JSON.stringify({ hostile: hostile.url, never: never.url })}\n`)
// Ends with the process that started it.
process.stdin.resume().once('end', () => process.exit())
