import { tryMs } from '../../db/rules/delivery-claims.ts'
import type { Localized } from '../../language.ts'
import { noAnswerWithin, notAllowed } from './try-errors.ts'

/** How a try ended, as far as that tells what is wrong. */
interface TryAnswer {
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
export function hintFor(ended: TryAnswer): Localized | null {
  const { status, error } = ended
  if (status === null) return byError[error ?? ''] ?? byKind(error ?? '')
  if (status >= 300 && status < 400) return aboutRedirect(ended)
  if ([400, 401, 403].includes(status)) return aboutRefusal(ended)
  if (status >= 500) return atSite
  return byStatus[status] ?? null
}

const noWay: Localized = {
  en: 'No way leads to that address from here.',
  fr: 'Aucun chemin ne mène d’ici à cette adresse.',
}

const csrf: Localized = {
  en: 'The site asks for a CSRF token, which its own pages have alone: exempt that path.',
  fr: 'Le site demande un jeton CSRF, que seules ses propres pages ont : exemptez ce chemin.',
}

const atSite: Localized = {
  en: "The site fails while it takes the webhook: look at its own error log. 502 to 504 are its proxy's.",
  fr: 'Le site échoue en prenant le webhook : regardez son propre journal d’erreurs. 502 à 504 viennent de son proxy.',
}

const byStatus: Record<number, Localized> = {
  404: {
    en: "Nothing takes webhooks at that path: compare it with the site's. On Frappe, is the app installed on that site, and does the Host header choose it?",
    fr: 'Rien ne prend de webhooks à ce chemin : comparez-le avec celui du site. Sur Frappe, l’application est-elle installée sur ce site, et l’en-tête Host le choisit-il ?',
  },
  405: {
    en: 'Something is there that takes no POST: compare the path, and mind its last slash.',
    fr: 'Ce qui est là ne prend pas de POST : comparez le chemin, et sa dernière barre oblique.',
  },
  410: {
    en: 'The site says that this address is gone for good: a webhook that gets this answer disables the endpoint.',
    fr: 'Le site dit que cette adresse a disparu pour de bon : un webhook qui reçoit cette réponse coupe les webhooks du site.',
  },
  413: {
    en: 'The proxy before the site takes no body of this size.',
    fr: 'Le proxy devant le site ne prend pas de corps de cette taille.',
  },
  417: {
    en: 'Frappe failed in the method: look at its Error Log.',
    fr: 'Frappe a échoué dans la méthode : regardez son Error Log.',
  },
  419: csrf,
  429: {
    en: 'The site, or what stands before it, asks for fewer requests.',
    fr: 'Le site, ou ce qui est devant, demande moins de requêtes.',
  },
}

const selfSigned: Localized = {
  en: 'The certificate is signed by nobody that is known here: take a public one, or name your own CA in NODE_EXTRA_CA_CERTS.',
  fr: 'Le certificat n’est signé par personne de connu ici : prenez-en un public, ou nommez votre autorité dans NODE_EXTRA_CA_CERTS.',
}

/** By undici's, Node's and OpenSSL's names, and ours. */
const byError: Record<string, Localized> = {
  [notAllowed]: {
    en: 'The name leads to a private address, or to our own. `bank-api site allow-target` opens a private range for a site, within ALLOWED_TARGETS.',
    fr: 'Le nom mène à une adresse privée, ou à la nôtre. `bank-api site allow-target` ouvre une plage privée pour un site, dans ALLOWED_TARGETS.',
  },
  [noAnswerWithin(tryMs)]: {
    en: 'It was connected and did not answer in time: take the webhook first, and work on it afterwards.',
    fr: 'La connexion s’est faite, et la réponse n’est pas venue à temps : prenez d’abord le webhook, traitez-le ensuite.',
  },
  ENOTFOUND: { en: 'DNS does not know the name.', fr: 'Le DNS ne connaît pas le nom.' },
  ETIMEOUT: {
    en: 'No name server answered in time.',
    fr: 'Aucun serveur de noms n’a répondu à temps.',
  },
  ESERVFAIL: { en: "The name's own servers fail.", fr: 'Les serveurs du nom lui-même échouent.' },
  ECONNREFUSED: {
    en: 'Nothing listens on that port: is the site up, and the port right?',
    fr: 'Rien n’écoute sur ce port : le site est-il en marche, et le port juste ?',
  },
  ECONNRESET: {
    en: 'The connection was cut while it was used: a firewall, or a server that crashed.',
    fr: 'La connexion a été coupée en cours d’usage : un pare-feu, ou un serveur qui s’est arrêté.',
  },
  EHOSTUNREACH: noWay,
  ENETUNREACH: noWay,
  UND_ERR_SOCKET: {
    en: 'The connection was closed without an answer: a firewall, or a server that crashed.',
    fr: 'La connexion a été fermée sans réponse : un pare-feu, ou un serveur qui s’est arrêté.',
  },
  UND_ERR_CONNECT_TIMEOUT: {
    en: 'Nothing answers at that address and port: a firewall drops it, or the site is down.',
    fr: 'Rien ne répond à cette adresse et ce port : un pare-feu l’arrête, ou le site est à l’arrêt.',
  },
  CERT_HAS_EXPIRED: {
    en: 'The certificate has ended: renew it.',
    fr: 'Le certificat est périmé : renouvelez-le.',
  },
  CERT_NOT_YET_VALID: {
    en: 'The certificate is not valid yet: compare the clocks.',
    fr: 'Le certificat n’est pas encore valable : comparez les horloges.',
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    en: 'The certificate is for another name.',
    fr: 'Le certificat est pour un autre nom.',
  },
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: {
    en: 'The certificate comes without the one that signed it: let the server send the whole chain (fullchain.pem). Browsers hide this.',
    fr: 'Le certificat vient sans celui qui l’a signé : que le serveur envoie toute la chaîne (fullchain.pem). Les navigateurs le cachent.',
  },
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: {
    en: 'Whoever signed the certificate is not known here: a chain that lacks a part, or a CA of your own, which NODE_EXTRA_CA_CERTS names.',
    fr: 'Qui a signé le certificat n’est pas connu ici : une chaîne à laquelle il manque une partie, ou votre propre autorité, que NODE_EXTRA_CA_CERTS nomme.',
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: selfSigned,
  SELF_SIGNED_CERT_IN_CHAIN: selfSigned,
  ERR_SSL_WRONG_VERSION_NUMBER: {
    en: 'What listens there speaks no TLS: an http port behind an https address.',
    fr: 'Ce qui écoute là ne parle pas TLS : un port http derrière une adresse https.',
  },
}

const byKind = (error: string): Localized | null => {
  if (/TIMEDOUT|TIMEOUT/.test(error)) return byError['UND_ERR_CONNECT_TIMEOUT']!
  return /SSL|TLS|CERT/.test(error)
    ? { en: 'TLS failed before anything was sent.', fr: 'TLS a échoué avant tout envoi.' }
    : null
}

function aboutRedirect({ url, location }: TryAnswer): Localized {
  const not = {
    en: 'Redirects are not followed: save the address it leads to',
    fr: 'Les redirections ne sont pas suivies : enregistrez l’adresse où elle mène',
  }
  const to = location !== undefined && URL.canParse(location, url) ? new URL(location, url) : null
  if (to === null) return { en: `${not.en}.`, fr: `${not.fr}.` }
  if (/login|sign-?in/i.test(to.pathname)) {
    return {
      en: 'It leads to a login page: strangers must be allowed to call that path.',
      fr: 'Elle mène à une page de connexion : ce chemin doit être ouvert aux inconnus.',
    }
  }
  if (new URL(url).protocol === 'http:' && to.protocol === 'https:')
    return { en: `${not.en}, with https.`, fr: `${not.fr}, en https.` }
  const where = `${to.origin}${to.pathname}`
  return { en: `${not.en}, if it is meant: ${where}`, fr: `${not.fr}, si c’est voulu : ${where}` }
}

function aboutRefusal({ status, response }: TryAnswer): Localized {
  if (/csrf/i.test(response ?? '')) return csrf
  if (status === 400) {
    return {
      en: 'The site does not like the request: its answer, or its log, says why. Does it compare the signature with the right secret?',
      fr: 'La requête ne plaît pas au site : sa réponse, ou son journal, dit pourquoi. Compare-t-il la signature avec le bon secret ?',
    }
  }
  return {
    en: 'The site lets no stranger in: on Frappe the method needs `allow_guest=True`; a firewall or a password may stand before it. Or it compares the signature with another secret.',
    fr: 'Le site ne laisse entrer aucun inconnu : sur Frappe la méthode a besoin de `allow_guest=True` ; un pare-feu ou un mot de passe est peut-être devant. Ou il compare la signature avec un autre secret.',
  }
}
