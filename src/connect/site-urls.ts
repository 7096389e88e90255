import { ValidationError } from '../errors.ts'
import type { Site } from '../db/ports/sites.ts'

/** How long an address may be, in characters. */
export const longestAddress = 2_000

/** An address that an operator gives for a site: http or https, without credentials, no longer than what is kept. */
export function readWebAddress(text: string): URL | undefined {
  const url = URL.parse(text)
  if (!url || !/^https?:$/.test(url.protocol)) return undefined
  const isBare = url.username === '' && url.password === ''
  return isBare && url.href.length <= longestAddress ? url : undefined
}

/** An origin that an operator gives: such an address, and nothing behind its host. */
export function readOrigin(text: string): string | undefined {
  const url = readWebAddress(text)
  return url?.href === `${url?.origin}/` ? url.origin : undefined
}

/** What of a site's addresses may not be kept, for links are held to https where nothing allows http. */
export const plainHttpIn = (
  { origin, allowedOrigins = [] }: Partial<Pick<Site, 'origin' | 'allowedOrigins'>>,
  { allowHttp }: { allowHttp: boolean },
): string | undefined =>
  allowHttp ? undefined : [origin ?? '', ...allowedOrigins].find((one) => one.startsWith('http:'))

/** A time zone that an operator gives, as it is usually spelt; undefined when there is none of that name. */
export function readTimeZone(text: string): string | undefined {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    return undefined
  }
}

/** The addresses a link call names, resolved and allowed. */
export interface SiteUrls {
  /** The site's origin: pinned before, or to be pinned by this call; null when it pins none. */
  origin: string | null
  redirectUrl: string
  webhookUrl: string | null
}

/**
 * Resolves a link call's addresses against the site's origin and holds them to it: the first call pins the origin, later
 * calls must keep to it or to the site's allow-list; one that only goes to an address of that list pins nothing. Throws a
 * ValidationError that names the argument.
 */
export function resolveSiteUrls(
  site: Pick<Site, 'origin' | 'allowedOrigins'> | undefined,
  named: {
    base_url?: string | undefined
    redirect_url: string
    webhook_url?: string | undefined
  },
  { allowHttp }: { allowHttp: boolean },
): SiteUrls {
  const base = named.base_url === undefined ? undefined : readUrl('base_url', named.base_url)
  const listed = site?.allowedOrigins ?? []
  const origin = site?.origin ?? base?.origin ?? originToPin(named.redirect_url, listed)
  const allowed = [origin, ...listed]

  const hold = (name: string, url: URL): string => {
    if (url.protocol !== 'https:' && !(allowHttp && url.protocol === 'http:')) {
      throw new ValidationError(`argument_invalid.${allowHttp ? 'http' : 'https'}`, { name })
    }
    if (url.username !== '' || url.password !== '') {
      throw new ValidationError('argument_invalid.credentials', { name })
    }
    if (!allowed.includes(url.origin)) {
      const values = { name, origin: origin ?? listed.join(' ') }
      throw new ValidationError('address_not_allowed', values, { asked: url.origin.slice(0, 300) })
    }
    // Percent-encoding makes a text up to nine times as long: what counts is what is kept.
    if (url.href.length > longestAddress) {
      throw new ValidationError('argument_invalid.address_length', { name, most: longestAddress })
    }
    return url.href
  }
  if (base) hold('base_url', base)
  const resolve = (argument: string, text: string) =>
    hold(argument, readUrl(argument, text, origin ?? undefined))
  return {
    origin,
    redirectUrl: resolve('redirect_url', named.redirect_url),
    webhookUrl: named.webhook_url === undefined ? null : resolve('webhook_url', named.webhook_url),
  }
}

function originToPin(redirectUrl: string, listed: readonly string[]): string | null {
  const { origin } = readUrl('redirect_url', redirectUrl)
  return listed.includes(origin) ? null : origin
}

function readUrl(argument: string, text: string, base?: string): URL {
  const url = URL.parse(text, base)
  if (url) return url
  const isRelative = argument !== 'base_url' && !base && URL.canParse(text, 'https://site.invalid')
  throw new ValidationError(`argument_invalid.${isRelative ? 'no_base' : 'address'}`, {
    name: argument,
  })
}

/** An address as those see it who need not know all of it. What stands behind the path is for the receiver: some keep a token there. */
export const withoutQuery = (url: string): string => url.replace(/\?.*$/s, '?…')

/** Where a site may be reached now. */
type Addresses = Pick<Site, 'origin' | 'allowedOrigins'>

const isPresent = ({ origin, allowedOrigins }: Addresses, url: string): boolean =>
  [origin, ...allowedOrigins].includes(new URL(url).origin)

/**
 * Where a browser is sent that was to go to `url`: there, while that is an address of the site's or a page of ours, else to its
 * origin, the first of its list without one, or our own page. An address the site had before may be anybody's by now.
 */
export function presentUrl(site: Addresses, url: string, publicUrl: string): string {
  if (isPresent(site, url) || new URL(url).origin === publicUrl) return url
  const origin = site.origin ?? site.allowedOrigins[0]
  return origin === undefined ? ownEnd(publicUrl) : `${origin}/`
}

/** The page of ours where a visit ends that has no address of the site's to go to. */
export const ownEnd = (publicUrl: string): string => `${publicUrl}/renewed`

/**
 * Where a site's webhooks go once its addresses change: what went to its former origin follows to the same path of the new
 * one. `undefined` when they went to another address that the site no longer has: then somebody has to say where.
 */
export function movedWebhookUrl(
  { webhookUrl, ...before }: Addresses & Pick<Site, 'webhookUrl'>,
  after: Addresses,
): string | null | undefined {
  // The operator may have named an address that never was the site's: it is not for us to change.
  if (webhookUrl === null || !isPresent(before, webhookUrl) || isPresent(after, webhookUrl)) {
    return webhookUrl
  }
  const { origin, pathname, search } = new URL(webhookUrl)
  if (origin !== before.origin || after.origin === null) return undefined
  return `${after.origin}${pathname}${search}`
}
