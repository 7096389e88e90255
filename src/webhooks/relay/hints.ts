/** How a try ended, as far as that tells what is wrong. */
export interface Ended {
  url: string
  status: number | null
  /** Why there is no status. */
  error: string | null
  /** The beginning of the answer. */
  response: string | null
  /** Where a redirect leads. */
  location?: string | undefined
}

/** What to look at first, for the usual mistakes; null where the answer speaks for itself. */
export function hintFor(ended: Ended): string | null {
  const { status, error } = ended
  if (status === null) return byError[error ?? ''] ?? byKind(error ?? '')
  if (status >= 300 && status < 400) return aboutRedirect(ended)
  if ([400, 401, 403].includes(status)) return aboutRefusal(ended)
  if (status >= 500) return atSite
  return byStatus[status] ?? null
}

const atSite =
  "The site fails while it takes the webhook: look at its own error log. 502 to 504 are its proxy's."

const byStatus: Record<number, string> = {
  404: "Nothing takes webhooks at that path: compare it with the site's. On Frappe, is the app installed on that site, and does the Host header choose it?",
  405: 'Something is there that takes no POST: compare the path, and mind its last slash.',
  410: 'The site says that this address is gone for good: a webhook that gets this answer disables the endpoint.',
  413: 'The proxy before the site takes no body of this size.',
  417: 'Frappe failed in the method: look at its Error Log.',
  419: 'The site asks for a CSRF token, which its own pages have alone: exempt that path.',
  429: 'The site, or what stands before it, asks for fewer requests.',
}

const selfSigned =
  'The certificate is signed by nobody that is known here: take a public one, or name your own CA in NODE_EXTRA_CA_CERTS.'

/** By undici's, Node's and OpenSSL's names. */
const byError: Record<string, string> = {
  'the address is not allowed':
    'The name leads to a private address, or to our own. `bank-api site allow-target` opens a private range for a site, within ALLOWED_TARGETS.',
  'no answer within 15 s':
    'It was connected and did not answer in time: take the webhook first, and work on it afterwards.',
  ENOTFOUND: 'DNS does not know the name.',
  ETIMEOUT: 'No name server answered in time.',
  ESERVFAIL: "The name's own servers fail.",
  ECONNREFUSED: 'Nothing listens on that port: is the site up, and the port right?',
  ECONNRESET: 'The connection was cut while it was used: a firewall, or a server that crashed.',
  EHOSTUNREACH: 'No way leads to that address from here.',
  ENETUNREACH: 'No way leads to that address from here.',
  UND_ERR_SOCKET:
    'The connection was closed without an answer: a firewall, or a server that crashed.',
  UND_ERR_CONNECT_TIMEOUT:
    'Nothing answers at that address and port: a firewall drops it, or the site is down.',
  CERT_HAS_EXPIRED: 'The certificate has ended: renew it.',
  CERT_NOT_YET_VALID: 'The certificate is not valid yet: compare the clocks.',
  ERR_TLS_CERT_ALTNAME_INVALID: 'The certificate is for another name.',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'The certificate comes without the one that signed it: let the server send the whole chain (fullchain.pem). Browsers hide this.',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'Whoever signed the certificate is not known here: a chain that lacks a part, or a CA of your own, which NODE_EXTRA_CA_CERTS names.',
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: selfSigned,
  ERR_SSL_WRONG_VERSION_NUMBER:
    'What listens there speaks no TLS: an http port behind an https address.',
}

const byKind = (error: string): string | null => {
  if (/TIMEDOUT|TIMEOUT/.test(error)) return byError['UND_ERR_CONNECT_TIMEOUT']!
  return /SSL|TLS|CERT/.test(error) ? 'TLS failed before anything was sent.' : null
}

function aboutRedirect({ url, location }: Ended): string {
  const not = 'Redirects are not followed: save the address it leads to'
  const to = location !== undefined && URL.canParse(location, url) ? new URL(location, url) : null
  if (to === null) return `${not}.`
  const from = new URL(url)
  const isLogin = /login|sign-?in/i.test(to.pathname)
  if (isLogin) return 'It leads to a login page: strangers must be allowed to call that path.'
  return from.protocol === 'http:' && to.protocol === 'https:'
    ? `${not}, with https.`
    : `${not}, if it is meant: ${to.origin}${to.pathname}`
}

const aboutRefusal = ({ status, response }: Ended): string =>
  /csrf/i.test(response ?? '')
    ? 'The site asks for a CSRF token, which its own pages have alone: exempt that path.'
    : status === 400
      ? 'The site does not like the request: its answer, or its log, says why. Does it compare the signature with the right secret?'
      : 'The site lets no stranger in: on Frappe the method needs `allow_guest=True`; a firewall or a password may stand before it. Or it compares the signature with another secret.'
