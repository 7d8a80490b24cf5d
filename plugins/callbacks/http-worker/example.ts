/** What `carabiner generate http-worker` writes under the connector's id: no worker yet, as that would do an event. */
export const example = `# Each does one event. \`carabiner listen\` is a receiver to try it with.
# - event: resize
#   url: http://127.0.0.1:8485/resize
#   mode: sync             # the reply is the result
#   request_timeout: 5s
# - event: transcode
#   url: http://127.0.0.1:8485/transcode
#   mode: async            # the result is posted to the callback in the request: needs the connector \`callbacks\` and host.server.public_url
#   callback_timeout: 1h
[]
`
