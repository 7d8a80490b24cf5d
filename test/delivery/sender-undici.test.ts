import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { testSender } from './sender-contract.ts'

testSender('undici', createUndiciSender)
