import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import { testSender } from './sender-contract.ts'
import { testSenderFollowUps } from './sender-follow-ups.ts'
import { testSenderProxy } from './sender-proxy.ts'
import { testSenderTls } from './sender-tls.ts'

testSender('got', createGotSender)
testSenderTls('got', createGotSender)
testSenderProxy('got', createGotSender)
testSenderFollowUps('got', createGotSender)
