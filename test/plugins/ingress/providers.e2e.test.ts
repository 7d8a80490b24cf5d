import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import * as octokit from '@octokit/webhooks-methods'
import { Stripe } from 'stripe'
import { Webhook } from 'svix'
import twilio from 'twilio'
import type { ProviderConfig } from '../../../plugins/ingress/integration-config.ts'
import { createProvider } from '../../../plugins/ingress/providers/providers.ts'
import { type Receiver, receiver } from '../../helpers/receiver.ts'
import { type Answered, type AnyJson, request } from '../../helpers/served-host.ts'
import { type IngressHost, managementKey, startIngress } from './ingress-host.ts'
import { type Case, cases, sharedSecret } from './providers/cases.ts'
import { gitHubExamples } from './providers/github-examples.ts'
import type { Mutation } from './providers/mutations.ts'
import { form, json, type Sent, signed } from './providers/sent.ts'

const publicUrl = 'https://hooks.example.com'
let host: IngressHost
let integration: Receiver

before(async () => {
  integration = await receiver()
  const configs = [...configsByProvider().values()].filter(({ provider }) => provider !== 'acme')
  host = await startIngress({
    server: `public_url: ${publicUrl}`,
    stanza: 'rate_limit: { unverified: false }',
    callback: `${integration.url}/acme`,
    integrations: configs.map((config) =>
      JSON.stringify({ ...config, callback_url: `${integration.url}/${config.provider}` }),
    ),
  })
})

after(async () => {
  await host[Symbol.asyncDispose]()
  await integration[Symbol.asyncDispose]()
})

/** The secrets of all cases of a provider are valid at once. */
function configsByProvider(): ReadonlyMap<string, ProviderConfig> {
  const configs = new Map<string, ProviderConfig>()
  for (const { config } of Object.values(cases)) {
    const { secret = [] } = configs.get(config.provider) ?? {}
    configs.set(config.provider, { ...config, secret: [...secret, ...(config.secret ?? [])] })
  }
  return configs
}

/** Posts it to where the provider knows us, or to what a mutation made of that. */
function post(sent: Sent): Promise<Answered> {
  const { pathname, search } = new URL(sent.url, publicUrl)
  return host.send(`${pathname}${search}`, requestInit(sent))
}

function requestInit({ headers, body }: Sent): RequestInit {
  const given = Object.entries(headers).filter(
    (each): each is [string, string] => each[1] !== undefined,
  )
  return { method: 'POST', headers: given, body: Buffer.from(body) }
}

/** What HTTP can carry to this route: no other time than the host's; it cuts spaces off the ends of values, and knows neither line breaks nor other alphabets. */
function canBeSent({ headers, url, now }: Sent, original: Sent): boolean {
  const values = Object.values(headers).filter((value) => value !== undefined)
  return (
    now === original.now &&
    url.startsWith(publicUrl) &&
    URL.parse(url)?.pathname === URL.parse(original.url)?.pathname &&
    values.every((value) => value.length < 8_192 && /^(?:[!-~](?:[ -~]*[!-~])?)?$/.test(value))
  )
}

async function eventIn({ json: answer }: Answered): Promise<AnyJson> {
  return host.event(String(answer['data']?.['eventId']))
}

async function deliveredTo(provider: string): Promise<AnyJson> {
  const found = () => integration.received.findLast(({ path }) => path === `/${provider}`)
  while (found() === undefined) await integration.requests(integration.received.length + 1)
  return JSON.parse(found()?.text ?? '')
}

describe('POST /api/v1/webhooks/:provider', () => {
  for (const [name, { config, request: sample = {}, mutations }] of Object.entries(cases)) {
    const { provider } = config

    it(`takes what ${name} sends, once, and delivers it`, async () => {
      const sent = signed(createProvider(config), { ...sample, at: Date.now() })

      const [first, second] = [await post(sent), await post(sent)]

      assert.equal(first.status, 202, first.text)
      assert.equal(second.status, 200, second.text)
      assert.deepEqual(second.json['data']?.['eventId'], first.json['data']?.['eventId'])
      const { eventType, externalEventId } = await eventIn(first)
      const delivered = await deliveredTo(provider)
      assert.deepEqual(
        [delivered['provider'], delivered['eventType'], delivered['externalEventId']],
        [provider, eventType, externalEventId],
      )
    })

    it(`refuses ${name} after any of thirty and more mutations`, async () => {
      const sent = signed(createProvider(config), { ...sample, at: Date.now() })
      const sendable = mutations(sent).filter(([, mutated]) => canBeSent(mutated, sent))
      const all = [...sendable, ...atOtherTimes(config, sample)]

      const statuses = await Promise.all(
        all.map(async ([what, mutated]) => [what, (await post(mutated)).status] as const),
      )

      // A body that is no object any more is refused before anybody asks who sent it.
      assert.deepEqual(
        statuses.filter(([, status]) => status !== 400 && status !== 401),
        [],
      )
      assert.ok(statuses.filter(([, status]) => status === 401).length >= 20)
      assert.ok(all.length >= 30, `${all.length} mutations`)
    })
  }
})

/** Signed by the providers' own libraries; Slack's and Shopify's sign nothing, what they verify stands in tests of theirs. */
describe('what a provider’s own library signs', () => {
  const url = (provider: string) => `${publicUrl}/api/v1/webhooks/${provider}`
  const at = Math.floor(Date.now() / 1_000) * 1_000

  it('is taken from GitHub in every example there is', async () => {
    const examples = gitHubExamples().flatMap(({ name, examples: all }) =>
      all.map((payload, index) => ({
        name,
        id: `${name}-${index}`,
        body: JSON.stringify(payload),
      })),
    )

    const refused = await Promise.all(
      examples.map(async ({ name, id, body }) => {
        const headers = {
          'content-type': json,
          'x-github-event': name,
          'x-github-delivery': id,
          'x-hub-signature-256': await octokit.sign('s', body),
        }
        const { status } = await post({
          headers,
          body: Buffer.from(body),
          url: url('github'),
          now: at,
        })
        return status === 202 ? [] : [id, status]
      }),
    )

    assert.ok(examples.length > 300)
    assert.deepEqual(refused.flat(), [])
    const { json: found } = await host.send(
      '/api/v1/events?provider=github&eventType=issues.opened',
      {
        headers: { 'x-internal-api-key': managementKey },
      },
    )
    assert.ok(Number(found['meta']?.['total']) >= 2)
  })

  it('is taken from Stripe', async () => {
    const body = JSON.stringify({ id: 'evt_of_library', type: 'invoice.paid', created: at / 1_000 })
    const signature = new Stripe('sk_test_none').webhooks.generateTestHeaderString({
      payload: body,
      secret: 's',
      timestamp: at / 1_000,
    })
    const headers = { 'content-type': json, 'stripe-signature': signature }

    const answered = await post({ headers, body: Buffer.from(body), url: url('stripe'), now: at })

    assert.equal((await eventIn(answered))['externalEventId'], 'evt_of_library')
  })

  it('is taken from Twilio', async () => {
    const params = { MessageSid: 'SMlibrary', Body: 'Grüße & 😀', SmsStatus: 'received' }
    const signature = twilio.getExpectedTwilioSignature('s', url('twilio'), params)
    const headers = { 'content-type': form, 'x-twilio-signature': signature }
    const body = Buffer.from(new URLSearchParams(params).toString())

    const answered = await post({ headers, body, url: url('twilio'), now: at })

    assert.equal((await eventIn(answered))['externalEventId'], 'SMlibrary')
  })

  it('is taken from Svix, and from GitLab, which signs as it does', async () => {
    for (const [provider, family] of [
      ['svix', 'svix'],
      ['standard', 'webhook'],
      ['gitlab', 'webhook'],
    ] as const) {
      const body = JSON.stringify({ type: 'user.created', object_kind: 'push' })
      const headers = {
        'content-type': json,
        [`${family}-id`]: `${provider}_library`,
        [`${family}-timestamp`]: String(at / 1_000),
        [`${family}-signature`]: new Webhook(sharedSecret).sign(
          `${provider}_library`,
          new Date(at),
          body,
        ),
      }

      const answered = await post({ headers, body: Buffer.from(body), url: url(provider), now: at })

      assert.equal((await eventIn(answered))['externalEventId'], `${provider}_library`)
    }
  })
})

describe('a handshake of Slack', () => {
  const slack = createProvider({ provider: 'slack', secret: ['s'] })
  const body =
    '{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"}'

  it('is answered with the challenge when it is genuine', async () => {
    const sent = signed(slack, { body, at: Date.now() })

    // Slack's words, not those of the API: what is checked of every answer there does not hold here.
    const { pathname } = new URL(sent.url)
    const answered = await request(`${host.project.url}${pathname}`, requestInit(sent))
    const forged = await post({ ...sent, body: Buffer.from(body.replace('3eZ', '4eZ')) })

    assert.equal(answered.status, 200)
    assert.equal(answered.text, '3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P')
    assert.match(answered.headers.get('content-type') ?? '', /^text\/plain/)
    assert.equal(forged.status, 401)
  })
})

/** The host's clock stands where it stands: here it is the request that comes too early or too late. */
function atOtherTimes(config: ProviderConfig, sample: Case['request']): readonly Mutation[] {
  const provider = createProvider(config)
  const isTimed = signed(provider, { ...sample, at: 0 })
  const isTold = signed(provider, { ...sample, at: 1_000 })
  const [header] = provider.secretHeaders
  if (header === undefined || isTimed.headers[header] === isTold.headers[header]) return []
  return [-310_000, 310_000].map((off): Mutation => {
    return [`${off} ms off`, signed(provider, { ...sample, at: Date.now() + off })]
  })
}
