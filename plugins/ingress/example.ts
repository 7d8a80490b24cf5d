/** What `carabiner generate ingress` writes under the connector's id. */
export const example = `# Where each provider's events go. Providers post to /api/v1/webhooks/<provider>.
integrations: []
#  - provider: github
#    secret: \${GITHUB_SECRET}
#    callback_url: https://example.com/github
# 3 tries in all, 10s and 20s apart; or a policy: { preset: gateway, base: 50ms }
retry: gateway
# When before handlers of ingress.received are asked: after the provider has its answer (async), or before (sync).
veto: async
# For each provider and address. Only requests that are not genuine count, because a provider that is refused may never send again.
rate_limit: { unverified: 120/m, verified: false }
`
