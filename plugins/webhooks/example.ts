/** What `carabiner generate webhooks` writes under the connector's id. */
export const example = `# Told after the event has happened. The message is stored before the event completes and sent until it has arrived.
# \`carabiner listen --secret change-this-secret\` is a receiver to try it with.
- name: startup-notice
  description: Tells when the host has started
  events: after:startup
  url: http://127.0.0.1:8485/webhooks
  secret: \${WEBHOOKS_SECRET:-change-this-secret}
  timeout: 10s
# Asked before the event, which does not happen without its consent.
# - name: office-hours
#   events: before:adjust
#   url: http://127.0.0.1:8485/adjust
#   secret: \${WEBHOOKS_SECRET:-change-this-secret}
#   timeout: 2s
#   backoff: { max_tries: 3, max_time: 5s }
#   on_failure: cancel
`
