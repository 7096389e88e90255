import type { Subject } from '../db/ports/history.ts'
import type { Store } from '../db/store.ts'
import { CommandError } from './command-error.ts'

/** Of an id of ours the time and two random letters; a connect request's is random from its start. */
const lengthOf = (id: string): number => (/^[a-z]{3}_/.test(id) ? 16 : 8)

/** As much of each id's beginning as tells it from the others of the list; longer where two came in the same moment. */
export function shortIds(ids: readonly string[]): (id: string) => string {
  for (let more = 0; more < 16; more += 2) {
    const cut = (id: string): string => id.slice(0, lengthOf(id) + more)
    if (new Set(ids.map(cut)).size === new Set(ids).size) return cut
  }
  return (id) => id
}

/** The id that begins so. A word that is the beginning of none stays as it is; throws a CommandError when it is of several. */
export const wholeId = async (
  store: Store,
  word: string,
  ...kinds: readonly Subject['kind'][]
): Promise<string> => (await findId(store, word, ...kinds)) ?? word

/** The id that begins so; throws a CommandError when several do. */
export async function findId(
  store: Store,
  word: string,
  ...kinds: readonly Subject['kind'][]
): Promise<string | undefined> {
  const found = await store.findSubjects(word, 5)
  const [only, second] = found.filter(({ kind, id }) => kinds.includes(kind) && id.startsWith(word))
  if (only && second) {
    throw new CommandError(`Several ids begin with ${word}, as ${only.id} and ${second.id}`)
  }
  return only?.id
}
