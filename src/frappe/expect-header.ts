import type { IncomingMessage, Server, ServerResponse } from 'node:http'

/**
 * Answers `Expect` headers. Node by itself writes the 100 of a pipelined request into the middle of its answer, and refuses
 * any other expectation without a body; the first is left out here, since clients send after a while anyway, and others
 * are ignored.
 */
export function handleExpect(server: Server): void {
  const serve = (request: IncomingMessage, response: ServerResponse) =>
    void server.emit('request', request, response)

  server.on('checkContinue', (request, response) => {
    if (response.socket) response.writeContinue() // a pipelined one has no socket yet
    serve(request, response)
  })
  server.on('checkExpectation', serve)
}
