import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import { testSender } from './sender-contract.ts'

testSender('got', createGotSender)
