import { signatureHeaders, type ToSign } from './signature.ts'

/** What a webhook of ours travels with: who it is from and about, and the proof. */
export const webhookHeaders = ({
  site,
  type,
  ...signed
}: ToSign & { site: string; type: string }): Record<string, string> => ({
  'content-type': 'application/json',
  'user-agent': 'bank-api',
  ...signatureHeaders(signed),
  'x-bank-api-site': toHeader(site),
  'x-bank-api-event': toHeader(type),
})

/** Names may hold any letter; header values may not. */
const toHeader = (text: string): string =>
  text.toWellFormed().replaceAll(/[^\x20-\x7e]/gu, (letter) => encodeURIComponent(letter))
