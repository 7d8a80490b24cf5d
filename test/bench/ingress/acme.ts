/** What the webhooks of the benchmark are signed with. */
export const acmeSecret = 'the-secret-of-this-benchmark'
