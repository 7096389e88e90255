import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { noteRefusal, sendRefusal, toLoggedRefusal } from '../../frappe/error-handler.ts'
import { sendPage, wantsPage } from '../../html/page.ts'
import type { Language } from '../../language.ts'
import { inOther, languageFor } from '../../html/reader-language.ts'
import { say } from '../../texts/say.ts'
import { noticePage, type NoticeText } from '../../html/notice.ts'

type Failure = 'limited' | 'unreadable' | 'failed'

/** Everything a page says that could not be made. */
const texts: Readonly<Record<Language, Record<Failure, NoticeText>>> = {
  en: {
    limited: {
      title: 'Please wait a minute',
      body: 'Too many pages were asked for. Reload this page in a minute.',
    },
    unreadable: {
      title: 'This request cannot be read',
      body: 'Go back to your accounting site and start again from there.',
    },
    failed: {
      title: 'Something went wrong',
      body: 'It is not your doing. Reload this page in a few minutes; if it goes on, tell support the reference below.',
    },
  },
  fr: {
    limited: {
      title: 'Patientez une minute',
      body: 'Trop de pages ont été demandées. Rechargez cette page dans une minute.',
    },
    unreadable: {
      title: 'Cette demande est illisible',
      body: 'Retournez sur votre site de gestion et recommencez.',
    },
    failed: {
      title: 'Un problème est survenu',
      body: 'Vous n’y êtes pour rien. Rechargez cette page dans quelques minutes ; si cela continue, donnez la référence ci-dessous à l’assistance.',
    },
  },
}

/** What is thrown in this part of the app becomes a page for a person; a program is told as everywhere else. */
export function pageErrors(app: FastifyInstance): void {
  app.setErrorHandler((error, request, reply) => {
    const refusal = toLoggedRefusal(error, request)
    if (!wantsPage(request)) return sendRefusal(request, reply, refusal)
    const language = languageFor(request)
    noteRefusal(request, reply, refusal, language)
    const { status } = refusal
    const name = status === 429 ? 'limited' : status < 500 ? 'unreadable' : 'failed'
    const { title, body } = texts[language][name]
    // What was spent may be Bridge's quota: that text says so, and for how long.
    const isOurs = name !== 'limited' || refusal.text.key === 'too_many_calls'
    const page = noticePage(
      { title, body: isOurs ? body : say(refusal.text, language) },
      {
        language,
        icon: name === 'limited' ? 'wait' : 'problem',
        translation: inOther(language, wordsOf(request)),
        reference: request.id,
      },
    )
    return sendPage(reply, status, page)
  })
}

const word = z.string().max(100).nullable().catch(null)
const words = z.object({ context: word, item_id: word, step: word, request: word })

/** What our pages are asked with: without it the other language would be another page. */
const wordsOf = (request: FastifyRequest) => words.parse(request.query)
