import assert from 'node:assert/strict'
import type { CallbackAction } from '../callback.ts'
import { callbackBodyLimit } from '../callback-body.ts'
import type { Scenario } from './stage.ts'
import type { WireBody } from './wire.ts'

const actions: readonly CallbackAction[] = ['complete', 'fail', 'heartbeat']
const notJson = 'validation error: body is not JSON'
const notObject = 'validation error: body must be a JSON object'
const noError = 'validation error: error must be a string'
const tooLong = `body has more than ${callbackBodyLimit} bytes`

/** What requests say. */
export const bodyCases: readonly Scenario[] = [
  ...actions.map((action) =>
    refused(`a body that breaks off, of ${action}`, '{"a":', notJson, action),
  ),
  ...actions.map((action) => refused(`an empty body of ${action}`, '', notJson, action)),
  refused('a form', 'payload=1', notJson),
  refused(
    'a body that is not UTF-8',
    new Uint8Array([0x22, 0xff, 0x22]),
    'validation error: body is not UTF-8',
  ),
  refused('a body with something after it', '{"payload":1} {}', notJson),
  ...['[]', '"x"', 'null', '1'].map((body) => refused(`the body ${body}`, body, notObject)),
  refused(
    'a payload that is there twice',
    '{"payload":1,"payload":2}',
    'validation error: /payload is there twice',
  ),
  refused(
    'a payload that is nested too deep',
    `{"payload":${'['.repeat(300)}${']'.repeat(300)}}`,
    'validation error: body is nested deeper than 256',
  ),
  ...['{}', '{"error":null}', '{"error":1}', '{"error":{"message":"no"}}'].map((body) =>
    refused(`to fail with ${body}`, body, noError, 'fail'),
  ),
  payload('an object', '{ "a" : [1, 2] }'),
  payload('a number as it was written', '1.0'),
  payload('a long integer', '12345678901234567890'),
  payload('escapes as they were written', '"caf\\u00e9 \\/ \u{1f600}"'),
  payload('null', 'null'),
  payload('false', 'false'),
  payload('an empty text', '""'),
  {
    name: 'completes without a payload, whatever else is said',
    async run(wire) {
      const callback = await wire.takes({ body: '{"note":"done"}' }, 'Completed')
      assert.equal(callback.payload, null)
    },
  },
  failed('a reason', 'not in stock'),
  failed('an empty reason', ''),
  failed('a reason in any script, with control characters', 'caf\u00e9 \u{1f600}\n\0'),
  ...['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'nonsense', ''].map(
    contentType,
  ),
  {
    name: 'takes a body of 1 MiB',
    async run(wire) {
      const body = `{"payload":"${'x'.repeat(callbackBodyLimit - 14)}"}`
      assert.equal(body.length, callbackBodyLimit)
      const callback = await wire.takes({ body }, 'Completed')
      assert.equal(callback.payload?.length, callbackBodyLimit - 12)
    },
  },
  {
    name: 'refuses a body of one byte more',
    run: (wire) => wire.refuses({ body: ' '.repeat(callbackBodyLimit + 1) }, 413, tooLong),
  },
  {
    name: 'refuses a body that does not say how long it is and is too long',
    run: (wire) => wire.refuses({ body: streamOf(callbackBodyLimit + 1) }, 413, tooLong),
  },
]

function refused(
  what: string,
  body: WireBody,
  error: string,
  action: CallbackAction = 'complete',
): Scenario {
  return { name: `refuses ${what}`, run: (wire) => wire.refuses({ action, body }, 400, error) }
}

function payload(what: string, text: string): Scenario {
  return {
    name: `keeps a payload byte for byte: ${what}`,
    async run(wire) {
      const callback = await wire.takes(
        { body: `{ "payload" :\n${text} , "more": 1 }` },
        'Completed',
      )
      assert.equal(Buffer.from(callback.payload ?? []).toString('utf8'), text)
    },
  }
}

function failed(what: string, error: string): Scenario {
  return {
    name: `fails with ${what}`,
    async run(wire) {
      const body = JSON.stringify({ error })
      const callback = await wire.takes({ action: 'fail', body }, 'Failed')
      assert.equal(callback.error, error)
    },
  }
}

function contentType(type: string): Scenario {
  return {
    name: `takes JSON whatever it is called: \`${type}\``,
    async run(wire) {
      const callback = await wire.takes({ headers: { 'content-type': type } }, 'Completed')
      assert.equal(Buffer.from(callback.payload ?? []).toString('utf8'), '{"ok":true}')
    },
  }
}

function streamOf(size: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(new Uint8Array(size).fill(0x20))
      controller.close()
    },
  })
}
