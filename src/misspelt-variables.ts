/** Proxies of every kind stand there, and Kubernetes and Docker name every service they know of. */
const injected =
  /_SERVICE_(?:HOST|PORT(?:_.*)?)$|_PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?$|^\w+_proxy$/i

/**
 * The variables that are none of ours but look as if they should be, one line each: a letter or two apart, in other
 * capitals, or the file twin of what has none. Nothing else in an environment is our business.
 */
export function misspelt(names: readonly string[], ours: readonly string[]): string[] {
  const known = new Set(ours)
  return names.toSorted().flatMap((name) => {
    if (known.has(name) || injected.test(name)) return []
    const meant = ours.find((candidate) => isNear(name, candidate))
    if (meant !== undefined) return [`${name} is not a variable of ours: is ${meant} meant?`]
    const twin = name.replace(/_FILE$/, '')
    return twin !== name && known.has(twin) ? [`${name}: ${twin} cannot come from a file`] : []
  })
}

function isNear(name: string, candidate: string): boolean {
  const plain = name.toUpperCase().replaceAll(/[.-]/g, '_')
  const forgiven = candidate.length >= 8 ? 2 : candidate.length >= 6 ? 1 : 0
  if (Math.abs(plain.length - candidate.length) > forgiven) return false
  return distance(plain, candidate) <= forgiven
}

/** How many letters differ, are missing, are too many, or stand in the wrong order (Damerau and Levenshtein). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, column) => column)]
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        rows[i - 1]![j]! + 1,
        row[j - 1]! + 1,
        rows[i - 1]![j - 1]! + same,
        swapped ? rows[i - 2]![j - 2]! + 1 : Infinity,
      )
    }
    rows.push(row)
  }
  return rows[a.length]![b.length]!
}
