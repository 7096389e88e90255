import { command } from '../terminal/shell.ts'
import type { Language, Localized } from '../language.ts'
import type { Story } from './story.ts'
import type { Verdict } from './verdict.ts'

type OwnerNames = Pick<Story, 'site' | 'tenant'>

const ofSite = (
  { site, tenant }: OwnerNames,
  words: (site: string, tenant: string) => string,
): string[] => (site && tenant ? [words(site.name, tenant.name)] : [])

/** To the address that it asked for, where that is known. */
export const moveSite = (whose: OwnerNames, asked?: string | number): string[] =>
  ofSite(
    whose,
    (site, tenant) =>
      command`site update ${site} --tenant ${tenant} --origin ${String(asked ?? newAddress)}`,
  )

export const nameWebhookUrl = (whose: OwnerNames): string[] =>
  ofSite(
    whose,
    (site, tenant) => command`site update ${site} --tenant ${tenant} --webhook-url ${newAddress}`,
  )

const newAddress = 'https://NEW.ADDRESS'

export const enableEndpoint = (whose: OwnerNames): string[] =>
  ofSite(whose, (site, tenant) => command`webhook enable ${site} --tenant ${tenant}`)

export const replayDead = (whose: OwnerNames): string[] =>
  ofSite(
    whose,
    (site, tenant) => command`webhook replay --tenant ${tenant} --site ${site} --state dead`,
  )

export const replayOne = (eventId: string): string[] => [command`webhook replay ${eventId}`]

export const newKey = ({ site, tenant }: OwnerNames): string[] => {
  if (!tenant) return []
  return site
    ? [command`key create --tenant ${tenant.name} --site ${site.name}`]
    : [command`key create --tenant ${tenant.name}`]
}

export const enableTenant = ({ tenant }: OwnerNames): string[] =>
  tenant ? [command`tenant enable ${tenant.name}`] : []

export const letWork: Localized = {
  en: 'Let it work again:',
  fr: 'Laissez-le travailler de nouveau :',
}

/** One verdict of several, each of which says its part. */
export function together(...parts: readonly (Verdict | undefined)[]): Verdict {
  const said = (name: 'what' | 'remedy', language: Language): string =>
    parts
      .map((part) => part?.[name]?.[language])
      .filter(Boolean)
      .join(' ')
  const inEach = (name: 'what' | 'remedy'): Localized => ({
    en: said(name, 'en'),
    fr: said(name, 'fr'),
  })
  const remedy = inEach('remedy')
  return {
    what: inEach('what'),
    remedy: remedy.en === '' ? undefined : remedy,
    commands: [...new Set(parts.flatMap((part) => part?.commands ?? []))],
  }
}
