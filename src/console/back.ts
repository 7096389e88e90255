import type { FastifyReply } from 'fastify'
import { privately } from '../html/page.ts'
import type { Done } from './pages/done.ts'

/** The page that shows what came of it. */
export function back(
  reply: FastifyReply,
  path: string,
  done: Done,
  more: Readonly<Record<string, string | number>> = {},
): FastifyReply {
  const [[name, count] = []] = Object.entries(done)
  const words = Object.entries({ done: name, count, ...more }).map(([word, value]) => [
    word,
    `${value}`,
  ])
  return reply.headers(privately).redirect(`${path}?${new URLSearchParams(words).toString()}`, 303)
}
