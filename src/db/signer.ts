/** What signs the copies of one installation. */
export interface CopySigner {
  /** The installation's name for people: says whose a copy is before any key is at hand. */
  installation: string
  key: Buffer
  /** When the copy is made. */
  at: number
}

/** The signer for the installation whose pepper is wrapped so. Throws when the master key at hand does not open it. */
export type SignerOf = (wrappedPepper: Buffer) => CopySigner
