import type { Site } from '../ports/sites.ts'

/**
 * What a first link pins on its site: the origin once, the webhook URL as often as it changes. Null when the site has
 * another origin by now.
 */
export function pinnedBy(
  site: Pick<Site, 'origin' | 'webhookUrl'>,
  { origin, webhookUrl }: Pick<Site, 'origin' | 'webhookUrl'>,
): { origin?: string; webhookUrl?: string } | null {
  if (origin !== null && site.origin !== null && origin !== site.origin) return null
  return {
    ...(origin !== null && site.origin === null && { origin }),
    ...(webhookUrl !== null && site.webhookUrl !== webhookUrl && { webhookUrl }),
  }
}
