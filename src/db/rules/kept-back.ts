import type { ExportKind } from '../ports/exports.ts'

/** The columns that leave with no export: secrets and their hashes, what tells IBANs apart, and which process is at work. */
export const keptBack: { readonly [Kind in ExportKind]?: readonly string[] } = {
  sites: ['webhookSecret'],
  keys: ['secretHash', 'previousSecretHash'],
  accounts: ['ibanFingerprint'],
  deliveries: ['claimedBy'],
  endpoints: ['previousSecret'],
}
