import type { FastifyInstance } from 'fastify'
import { offerLogin } from '../../src/console/session.ts'
import { aBrowser } from './browser.ts'

/** A browser that is inside the console. */
export async function aVisitor(app: FastifyInstance, who = 'anne') {
  const { token } = await offerLogin(app, who, { actor: 'cli', at: app.clock.now() })
  const browser = aBrowser(app)
  await browser.post(`/console/login/${token}`)
  return browser
}
