/** What `carabiner generate callbacks` writes under the connector's id. */
export const example = `# 32 bytes as 64 hex digits: openssl rand -hex 32. A list while it is rotated: the first one signs, any is accepted.
secret: \${CALLBACK_SECRET}
# Where answers are posted: <host.server.public_url><path_prefix>/<id>/complete, /fail or /heartbeat.
path_prefix: /api/callbacks
# How often callbacks whose deadline has come are made to fail.
sweep: 5s
# A Standard Webhooks signature over the body as well, for those who need replay protection.
# signatures: [standard]
`
