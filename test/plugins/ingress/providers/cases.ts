import type { ProviderConfig } from '../../../../plugins/ingress/integration-config.ts'
import {
  type Mutation,
  ofBody,
  ofClock,
  ofLoneValue,
  ofSignature,
  ofTimestamp,
  ofUrl,
  withHeader,
} from './mutations.ts'
import { json, type Sent, type signed } from './sent.ts'

/** A way a provider signs, and what is done to its requests. */
export interface Case {
  readonly config: ProviderConfig
  /** What is sent. @defaultValue the provider's sample */
  readonly request?: Parameters<typeof signed>[1]
  mutations(sent: Sent): readonly Mutation[]
}

export const sharedSecret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`
const pair = `whsk_${Buffer.alloc(32, 2).toString('base64')}`
const normalize = { type: { value: 'order.changed' } }
/** Of the JSON that Twilio sends below. */
const bodyHash = '2de149382415813a0e7db52e28943e18e72d2e7cba576d52ded4b43122def7d4'

const overBody =
  (header: string) =>
  (sent: Sent): readonly Mutation[] => [
    ...ofBody(sent),
    ...ofSignature(sent, header),
    ...ofLoneValue(sent, header),
  ]

const inEnvelope =
  (family: string) =>
  (sent: Sent): readonly Mutation[] => [
    ...ofBody(sent),
    ...ofSignature(sent, `${family}-signature`),
    ...ofTimestamp(sent, `${family}-timestamp`),
    ...ofClock(sent),
    ['another id', withHeader(sent, `${family}-id`, 'msg_2')],
    ['no id', withHeader(sent, `${family}-id`, undefined)],
    [
      'an id with a dot behind',
      withHeader(sent, `${family}-id`, `${sent.headers[`${family}-id`]}.`),
    ],
  ]

export const cases: Readonly<Record<string, Case>> = {
  acme: {
    // Which hosts of tests know it by.
    config: { provider: 'acme', secret: ['a-secret-of-acme-alone'] },
    mutations: overBody('x-acme-signature'),
  },
  globex: {
    config: { provider: 'globex', secret: ['s3cr3t-Token'] },
    mutations: ofToken('x-globex-token'),
  },
  github: {
    config: { provider: 'github', secret: ['s'] },
    mutations: overBody('x-hub-signature-256'),
  },
  shopify: {
    config: { provider: 'shopify', secret: ['s'] },
    mutations: overBody('x-shopify-hmac-sha256'),
  },
  stripe: {
    config: { provider: 'stripe', secret: ['s'] },
    mutations: (sent) => [
      ...overBody('stripe-signature')(sent),
      ...ofStripeTime(sent),
      ...ofClock(sent),
    ],
  },
  slack: {
    config: { provider: 'slack', secret: ['s'] },
    mutations: (sent) => [
      ...overBody('x-slack-signature')(sent),
      ...ofTimestamp(sent, 'x-slack-request-timestamp'),
      ...ofClock(sent),
    ],
  },
  'twilio, a form': {
    config: { provider: 'twilio', secret: ['s'] },
    mutations: (sent) => [
      ...ofFormFields(sent),
      ...ofUrl(sent),
      ...ofSignature(sent, 'x-twilio-signature'),
      ...ofLoneValue(sent, 'x-twilio-signature'),
    ],
  },
  'twilio, JSON': {
    config: { provider: 'twilio', secret: ['s'] },
    request: {
      contentType: json,
      body: '{"a":10}',
      url: `https://hooks.example.com/api/v1/webhooks/twilio?bodySHA256=${bodyHash}`,
    },
    mutations: (sent) => [
      ...ofBody(sent),
      ...ofUrl(sent),
      ...ofSignature(sent, 'x-twilio-signature'),
    ],
  },
  standard: {
    config: { provider: 'standard', secret: [sharedSecret] },
    mutations: inEnvelope('webhook'),
  },
  'standard, a key pair': {
    config: { provider: 'standard', secret: [pair] },
    mutations: inEnvelope('webhook'),
  },
  svix: { config: { provider: 'svix', secret: [sharedSecret] }, mutations: inEnvelope('svix') },
  'gitlab, a secret token': {
    config: { provider: 'gitlab', secret: ['s3cr3t-Token'] },
    mutations: ofToken('x-gitlab-token'),
  },
  'gitlab, a signing token': {
    config: { provider: 'gitlab', secret: [sharedSecret] },
    mutations: inEnvelope('webhook'),
  },
  'declared, github in another header': {
    config: {
      provider: 'orders',
      secret: ['s'],
      verify: { scheme: 'github', header: 'X-Signature' },
      normalize,
    },
    mutations: overBody('x-signature'),
  },
  'declared, hmac': {
    config: {
      provider: 'payments',
      secret: ['s'],
      verify: {
        scheme: 'hmac',
        header: 'X-Mac',
        algorithm: 'sha512',
        encoding: 'base64',
        prefix: 'mac(1)=',
      },
      normalize,
    },
    request: { body: '{"order":{"id":"A-10"}}' },
    mutations: overBody('x-mac'),
  },
}

/** A token says nothing of the body: only what is done to the token is seen. */
function ofToken(header: string) {
  return (sent: Sent): readonly Mutation[] => {
    const token = sent.headers[header] ?? ''
    const others = ['s', 's3cr3t', 's3cr3t-Tokem', 's3cr3t_Token', `Bearer ${token}`, '*', 'true']
    return [
      ...ofSignature(sent, header),
      ...ofLoneValue(sent, header),
      ...others.map((value): Mutation => [value, withHeader(sent, header, value)]),
    ]
  }
}

function ofStripeTime(sent: Sent): readonly Mutation[] {
  const value = sent.headers['stripe-signature'] ?? ''
  const values = [
    value.replace('t=', 't=1'),
    value.replace(/t=\d+,/, ''),
    value.replace(/t=(\d+)/, 't=$1abc'),
    value.replace(/t=(\d+)/, (_, time: string) => `t=${Number(time) + 1}`),
    value.replace('v1=', 'v0='),
    value.replace('v1=', 'v2='),
    value.replace(/t=(\d+)/, 't=$1,t=$1'),
  ]
  return values.map((each) => [each, withHeader(sent, 'stripe-signature', each)])
}

/** Of a form the fields are signed, by name: their order on the wire is not. */
function ofFormFields(sent: Sent): readonly Mutation[] {
  const text = Buffer.from(sent.body).toString('utf8')
  const bodies = [
    `${text}&Extra=1`,
    text.replace('Body=', 'body='),
    text.replace('gate', 'Gate'),
    text.replace('SmsStatus=received&', ''),
    text.replace('NumMedia=0', 'NumMedia=1'),
    text.replace('%2B1555', '1555'),
    text.replace('US', 'us'),
    '',
    '{}',
    `${text}%00`,
  ]
  return bodies.map((body) => [body, { ...sent, body: Buffer.from(body) }])
}
