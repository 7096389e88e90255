import type { Site } from './sites.ts'
import type { By, Scope } from '../scope.ts'
import type { Tenant } from './tenants.ts'

export const bridgeVersions = ['2025-01-15', '2021-06-01'] as const

export const listForms = ['array', 'envelope'] as const

export const linkForms = ['object', 'url'] as const

/** How a key wants its answers: whose field names, lists bare or enveloped, links with their request or bare. */
export interface Presentation {
  bridgeVersion: (typeof bridgeVersions)[number]
  lists: (typeof listForms)[number]
  links: (typeof linkForms)[number]
}

/** What a key has unless told otherwise. */
export const defaultPresentation: Presentation = {
  bridgeVersion: '2025-01-15',
  lists: 'array',
  links: 'object',
}

export interface ApiKey extends Presentation, Scope {
  apiKey: string
  /** Of secret and owner: a row moved to another tenant or site opens nothing. */
  secretHash: Buffer
  /** The secret before the last rotation, and until when it is still good. */
  previousSecretHash: Buffer | null
  previousSecretUntil: number | null
  rotatedAt: number | null
  /** It may read, and nothing else. */
  readOnly: boolean
  label: string | null
  createdAt: number
  lastUsedAt: number | null
  expiresAt: number | null
  revokedAt: number | null
}

/** A key with whom it speaks for: all that authentication needs, in one look-up. */
export interface KeyHolder {
  key: ApiKey
  tenant: Tenant
  site: Site | null
}

/**
 * What may become of a key. Revoking twice keeps the first time. While a secret from before the last rotation is good, another
 * rotation changes nothing, unless `force` ends that one.
 */
export type KeyChange =
  | { kind: 'updated'; presentation: Partial<Presentation> }
  | { kind: 'rotated'; secretHash: Buffer; previousUntil: number; force?: boolean }
  | { kind: 'revoked' }

export interface KeyStore {
  /** False, and nothing is made, when the key's site has `mostOfSite` keys that are good at that time. */
  createKey(
    key: Pick<ApiKey, 'apiKey' | 'tenantId' | 'siteId' | 'secretHash' | 'label' | 'expiresAt'> &
      Partial<Presentation & Pick<ApiKey, 'readOnly'>>,
    by: By,
    bound?: { mostOfSite: number },
  ): Promise<boolean>
  /** The key as it then is; undefined when there is none, or, for another secret, none that lives. */
  changeKey(apiKey: string, change: KeyChange, by: By): Promise<ApiKey | undefined>
  /** As it is now. The very object that was found before, only where nothing of it has changed since. */
  findKey(apiKey: string): Promise<KeyHolder | undefined>
  /** A tenant's keys, or with `goodAt` those that neither ended nor were revoked by then, the oldest first. */
  listKeys(tenantId: string, of?: { goodAt: number }): Promise<ApiKey[]>
  /** Remembers that the key was used; callers call it at most once an hour. */
  touchKey(apiKey: string, at: number): Promise<void>
  /**
   * Keys that are still good and may be asked for a link without an address: of whose users one has none as its name, nor
   * another that was given, or there is no user yet.
   */
  listKeysWithoutAddress(now: number): Promise<{ apiKey: string; tenant: string }[]>
}
