import type { FastifyInstance } from 'fastify'

/** For forms without fields, which are all button: whatever comes as their body is of no use. */
export function takeBareForms(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: 1024 }, (_request, _body, done) =>
    done(null),
  )
}
