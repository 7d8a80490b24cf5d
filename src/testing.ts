/** For authors of connectors: a host for tests, and a clock that obeys. */
export type { AssemblyInput } from './assembly/assemble.ts'
export { testStore } from './store/contract.ts'
export { answerChecker, type Exchange } from './testing/answer-checker.ts'
export { FakeClock } from './testing/fake-clock.ts'
export {
  type LogLine,
  startTestHost,
  type TestHost,
  type TestHostOptions,
} from './testing/start-test-host.ts'
