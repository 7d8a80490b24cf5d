export { type Clock, systemClock } from './clock.ts'
export {
  CarabinerError,
  type CarabinerErrorCode,
  EventCancelledError,
  EventParamsError,
  type Mismatch,
} from './errors.ts'
