import type { FastifyReply, FastifyRequest } from 'fastify'
import { languageOf } from '../language.ts'

interface Text {
  title: string
  body: string
}

const texts: Record<'unknown' | 'expired', { status: number; en: Text; fr: Text }> = {
  unknown: {
    status: 404,
    en: {
      title: 'This link leads nowhere',
      body: 'We do not know this bank connection. Go back to your accounting site and start again from there.',
    },
    fr: {
      title: 'Ce lien ne mène nulle part',
      body: 'Nous ne connaissons pas cette connexion bancaire. Retournez sur votre site de gestion et recommencez.',
    },
  },
  expired: {
    status: 410,
    en: {
      title: 'This link has expired',
      body: 'A connection link is good for one day. Go back to your accounting site and ask for a new one.',
    },
    fr: {
      title: 'Ce lien a expiré',
      body: 'Un lien de connexion est valable un jour. Retournez sur votre site de gestion et demandez-en un nouveau.',
    },
  },
}

/** The few pages we serve ourselves: constant texts, no script, nothing from elsewhere. */
export function page(
  request: FastifyRequest,
  reply: FastifyReply,
  name: keyof typeof texts,
): FastifyReply {
  const language = languageOf(undefined, request.headers['accept-language'])
  const { status, [language]: text } = texts[name]
  return reply.code(status).type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="${language}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text.title}</title>
<style>
  body { margin: 20vh auto 0; max-width: 32rem; padding: 0 1.5rem; font: 1.1rem/1.5 system-ui, sans-serif; color: #1c2733 }
  h1 { font-size: 1.5rem }
</style>
<h1>${text.title}</h1>
<p>${text.body}</p>
</html>
`)
}
