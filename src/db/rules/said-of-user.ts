import type { SaidOfUser } from '../ports/requests.ts'

/** What a link call said of its user, as it is written; undefined when nothing. What refused another address is over. */
export function saidOfUser({ email, language }: SaidOfUser) {
  if (email === undefined && language === undefined) return undefined
  return {
    ...(email !== undefined && { email, mailRefusals: 0 }),
    ...(language !== undefined && { language }),
  }
}
