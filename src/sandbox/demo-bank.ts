import type { Language } from '../language.ts'

/** Its provider id (Bridge, "Test the Bridge Connect"). */
export const demoBank = 574

/** How one attempt ends, or what it asks of a person. */
export type Step =
  | { kind: 'success' | 'otp' | 'otp_fail' | 'app2app' | 'app2app_expiry' }
  | { kind: 'status'; status: number; info: string }

const usualInfo = new Map([
  [0, 'ok'],
  [402, 'invalid_creds'],
  [1003, 'bank_is_down'],
  [1005, 'closed_account'],
  [1010, 'otp_required'],
])

const asking = new Set(['otp', 'otp_fail', 'app2app', 'app2app_expiry'])

/**
 * The scenario of a login (Bridge, "Test the Bridge Connect"): elements joined by dots, the first
 * for the connection, one for each refresh after it. An element nobody documents is a success.
 */
export function scenarioOf(login: string): string[] {
  return login.trim().split('.')
}

/** What one element of a scenario does. Infos are lower case, as v3 prints them. */
export function stepOf(element: string): Step {
  if (asking.has(element)) return { kind: element } as Step
  const [, digits, info] = /^(-?\d{1,5})(?:_([A-Za-z_]+))?$/.exec(element) ?? []
  if (digits === undefined || Number(digits) === 0) return { kind: 'success' }
  const status = Number(digits)
  return { kind: 'status', status, info: (info ?? usualInfo.get(status) ?? '').toLowerCase() }
}

/** How an element ends when nobody is there to answer a question; undefined is a success. */
export function unattended(step: Step): { status: number; info: string } | undefined {
  if (step.kind === 'success') return undefined
  if (step.kind === 'status') return { status: step.status, info: step.info }
  return { status: 1010, info: step.kind === 'otp_fail' ? 'wrong_otp' : 'otp_required' }
}

const descriptions: Record<number, Record<Language, string>> = {
  402: {
    en: 'Your bank did not accept this login or password.',
    fr: 'Votre banque a refusé cet identifiant ou ce mot de passe.',
  },
  429: {
    en: 'Your bank expects something from you on its own site.',
    fr: 'Votre banque attend une action de votre part sur son site.',
  },
  430: {
    en: 'Your bank asks you to change your password.',
    fr: 'Votre banque vous demande de changer de mot de passe.',
  },
  1003: {
    en: 'Your bank cannot be reached for now.',
    fr: 'Votre banque est injoignable pour le moment.',
  },
  1005: {
    en: 'This kind of account is not supported.',
    fr: 'Ce type de compte n’est pas pris en charge.',
  },
  1007: {
    en: 'Refreshing is suspended for a while.',
    fr: 'La mise à jour est suspendue pour un temps.',
  },
  1009: {
    en: 'The balance changed, its transactions are not there yet.',
    fr: 'Le solde a changé, ses opérations ne sont pas encore là.',
  },
  1010: {
    en: 'Your bank asks you to confirm that it is you.',
    fr: 'Votre banque vous demande de confirmer votre identité.',
  },
  1100: {
    en: 'Your business accounts wait for your confirmation.',
    fr: 'Vos comptes professionnels attendent votre validation.',
  },
}

/** `status_code_description`; undefined while nothing needs saying. */
export function describe(status: number, language: Language): string | undefined {
  return descriptions[status]?.[language]
}
