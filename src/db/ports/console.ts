import type { By } from '../scope.ts'

/** A way into the console: an address that was given out, then the session of whoever entered by it. */
export interface ConsoleSession {
  id: string
  /** What its acts are written down under. */
  who: string
  /** Of the address until somebody entered, then of the cookie. */
  secretHash: Buffer
  madeAt: number
  /** Null while nobody has. */
  enteredAt: number | null
  expiresAt: number
}

/** Who may look at everything from a browser. */
export interface ConsoleStore {
  /** Keeps an address that was given out, and forgets what has expired. */
  offerConsole(offer: Omit<ConsoleSession, 'enteredAt'>, by: By): Promise<void>
  /** Whether it has expired is the caller's to see. */
  findConsoleSession(id: string): Promise<ConsoleSession | undefined>
  /** Makes a session of an address, once: false when somebody has entered by it, or it was ended. */
  enterConsole(
    id: string,
    session: { offeredHash: Buffer; secretHash: Buffer; expiresAt: number },
    at: number,
  ): Promise<boolean>
  /** What is good at that time, addresses too; the newest first. */
  listConsoleSessions(at: number): Promise<ConsoleSession[]>
  /** False when there is none. */
  endConsoleSession(id: string, by: By): Promise<boolean>
}
