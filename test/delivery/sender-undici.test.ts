import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { testSender } from './sender-contract.ts'
import { testSenderFollowUps } from './sender-follow-ups.ts'
import { testSenderProxy } from './sender-proxy.ts'
import { testSenderTls } from './sender-tls.ts'

testSender('undici', createUndiciSender)
testSenderTls('undici', createUndiciSender)
testSenderProxy('undici', createUndiciSender)
testSenderFollowUps('undici', createUndiciSender)
