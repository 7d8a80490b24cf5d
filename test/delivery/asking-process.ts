/** A host of its own on a store, whose endpoint is asked about a delivery and never answers: prints the delivery's id then. */

import { openStore } from '../../src/store/open-store.ts'
import { anEndpoint, anOutboundMessage, startEngine } from '../helpers/engine.ts'
import { FakeSender } from '../helpers/fake-sender.ts'

const [url = ''] = process.argv.slice(2)
const endpoint = anEndpoint({
  admit({ id }) {
    process.stdout.write(`${id}\n`)
    return new Promise(() => undefined)
  },
})
const { engine } = startEngine({
  store: await openStore(url),
  sender: new FakeSender(),
  endpoints: [endpoint],
})
await engine.send([anOutboundMessage()])
