import { portalSessions, type PortalVisitor } from '../auth/portal-session.ts'
import { createLinkLogin } from '../console/link-login.ts'
import * as pages from './pages/login.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Who looks at a site's page; null while nobody is known to. */
    portalVisitor: PortalVisitor | null
  }
}

/** That of a site's people. */
export const login = createLinkLogin({
  sessions: portalSessions,
  cookies: { session: '__Host-bank-api-portal', csrf: '__Host-bank-api-portal-form' },
  formUse: 'portal-form',
  pages,
  visitorOf: ({ portalVisitor }) => portalVisitor,
  nameOf: ({ site, tenant }) => (site ?? tenant).name,
})

export const { notice, frameOf } = login
