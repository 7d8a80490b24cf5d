import { callbacks } from './connector.ts'
import { httpWorker } from './http-worker/connector.ts'

const connectors: readonly [typeof callbacks, typeof httpWorker] = [callbacks, httpWorker]

export default connectors
