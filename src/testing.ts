/** For authors of connectors: a host for tests, and a clock that obeys. */
export type { AssemblyInput } from './assembly/assemble.ts'
export {
  type CallbackCase,
  type CallbackConformance,
  callbackConformance,
} from './callbacks/conformance/conformance.ts'
export type { CallbackServer, CallbackSubject } from './callbacks/conformance/subject.ts'
export { testStore } from './store/contract.ts'
export { answerChecker, type Exchange } from './testing/answer-checker.ts'
export { FakeClock } from './testing/fake-clock.ts'
export {
  type LogLine,
  startTestHost,
  type TestHost,
  type TestHostOptions,
} from './testing/start-test-host.ts'
