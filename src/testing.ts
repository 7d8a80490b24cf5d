/** For authors of connectors and stores: a host for tests, a clock that obeys, and the suite every store passes. */
export type { AssemblyInput } from './assembly/assemble.ts'
export { testStore } from './store/contract.ts'
export { FakeClock } from './testing/fake-clock.ts'
export {
  type LogLine,
  startTestHost,
  type TestHost,
  type TestHostOptions,
} from './testing/start-test-host.ts'
