/** The user's name when a site names none. */
export const defaultUser = ''

interface Named {
  name: string
}

/** What a name stands for among rows: one of them, several that are nearly called so, or none. */
type Choice<T> = { kind: 'one'; row: T } | { kind: 'ambiguous' } | { kind: 'none' }

/** Of rows whose name is exactly that or folds alike: the one of exactly that name, else the only one that folds alike. */
export function chosenByName<T extends Named>(name: string, called: readonly T[]): Choice<T> {
  const exact = called.find((row) => row.name === name)
  const [like, twin] = called
  if (exact) return { kind: 'one', row: exact }
  if (!like) return { kind: 'none' }
  return twin ? { kind: 'ambiguous' } : { kind: 'one', row: like }
}

/**
 * The same for a site that is to be there. One that is being deleted keeps its name, and those like it when no other has
 * one, until it is gone.
 */
export function chosenSite<T extends Named & { removedAt: number | null }>(
  name: string,
  called: readonly T[],
): Choice<T> {
  const exact = called.find((site) => site.name === name)
  if (exact) return { kind: 'one', row: exact }
  const living = called.filter(({ removedAt }) => removedAt === null)
  return chosenByName(name, living.length > 0 ? living : called.slice(0, 1))
}

/** The same for users, whose default one has no other spelling. */
export const chosenUser = <T extends Named>(name: string, called: readonly T[]): Choice<T> =>
  chosenByName(
    name,
    called.filter((user) => name !== defaultUser || user.name === defaultUser),
  )

/** The default user, when it is its site's only one and a first named one takes it over. */
export function takenOver<T extends Named>(name: string, ofSite: readonly T[]): T | undefined {
  const [lonely, another] = ofSite
  return name !== defaultUser && lonely?.name === defaultUser && !another ? lonely : undefined
}
