import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import type { CallbackStore } from '../../src/callbacks/callback-book.ts'
import type { CallbackRoutesConfig } from '../../src/callbacks/callback-http.ts'
import { callbackRoutes } from '../../src/callbacks/callback-routes.ts'
import type { CallbackServer } from '../../src/callbacks/conformance/subject.ts'
import { expressCallbacks } from '../../src/callbacks/express-callbacks.ts'
import { fastifyCallbacks } from '../../src/callbacks/fastify-callbacks.ts'
import { nodeCallbacks } from '../../src/callbacks/node-callbacks.ts'

type Start = (store: CallbackStore, config: CallbackRoutesConfig) => Promise<CallbackServer>

/** Every way the routes are mounted. */
export const servers: Readonly<Record<string, Start>> = {
  'node:http': (store, config) => listen(createServer(nodeCallbacks(store, config))),
  Express: (store, config) => serve(express().use(expressCallbacks(store, config))),
  async Fastify(store, config) {
    const app = fastify()
    await app.register(fastifyCallbacks(store, config))
    await app.ready()
    return listen(app.server)
  },
  Hono(store, config) {
    const callbacks = callbackRoutes(store, config)
    const app = new Hono().all('*', ({ req }) => callbacks(req.raw))
    // Its adaptor can make HTTP/2 servers too; without options it is this one.
    return listen(createAdaptorServer(app) as Server)
  },
  'the web-standard function': (store, config) =>
    serve(getRequestListener(callbackRoutes(store, config))),
}

export function serve(listener: RequestListener): Promise<CallbackServer> {
  return listen(createServer(listener))
}

export async function listen(server: Server): Promise<CallbackServer> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on TCP has an address with a port.
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
