/** What `carabiner generate subscriptions` writes under the connector's id. */
export const example = `# Who may call, beside the keys that \`carabiner keys create --owner agent://acme/ops\` makes.
api_keys: []
#  - key: \${SUBSCRIPTIONS_KEY}
#    owner: agent://acme/ops
#    may_act_for: [agent://acme/*]
# The types that are taken: a list, a map of name to { description, schema }, or any.
event_types: any
# What makes a delivery genuine, for receivers.
signatures: [axme, standard]
# Where subscribed URLs may lead. guarded: not to loopback, private and other special ranges.
egress: { default: guarded, http: false }
`
