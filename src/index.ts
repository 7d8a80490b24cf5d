export { type Clock, systemClock } from './clock.ts'
export {
  CarabinerError,
  type CarabinerErrorCode,
  EventCancelledError,
  EventParamsError,
  type Mismatch,
} from './errors.ts'
export { parseDuration, printDuration } from './quantity/duration.ts'
export { parseRate } from './quantity/rate.ts'
export { Duration, Rate, Secret, SecretList, Size } from './quantity/schemas.ts'
export { parseSize } from './quantity/size.ts'
