import { NotTextError } from './decode-text.ts'
import { secretVariables, variableNames } from './environment.ts'
import { codeOf, reasonOf } from './terminal/system-errors.ts'

/** The variables that are set, by name. */
export type Given = Record<string, string | undefined>

/**
 * An empty variable counts as unset: that is how env files and compose write "none". Blanks around a value are no part of it.
 * `unread`: what was given and is a problem already; it counts as there, so that nobody is told besides that it is missing.
 */
export function withSecretFiles(
  env: Readonly<Given>,
  readFile: (path: string) => string,
  problems: string[],
): { given: Given; unread: ReadonlySet<string> } {
  const unread = new Set<string>()
  const values: Given = Object.fromEntries(
    Object.entries(env)
      .map(([name, value]) => [name, value?.trim()])
      .filter(([, value]) => value !== undefined && value !== ''),
  )
  // Programs read these in small letters, and some in small letters alone.
  for (const name of ['HTTPS_PROXY', 'HTTP_PROXY', 'NO_PROXY']) {
    values[name] = values[name.toLowerCase()] ?? values[name]
  }
  for (const name of secretVariables) {
    const path = values[`${name}_FILE`]
    if (path === undefined) continue
    const refuse = (why: string): void => {
      problems.push(why)
      unread.add(name)
      values[name] ??= path
    }
    if (values[name] !== undefined) {
      refuse(`${name}: is set, and ${name}_FILE too: take one of them away`)
      continue
    }
    try {
      values[name] = readFile(path).trim()
      if (values[name] === '') refuse(`${name}_FILE: is an empty file`)
    } catch (error) {
      const why = error instanceof NotTextError ? error.message : unreadable(error)
      refuse(`${name}_FILE: ${why}`)
    }
  }
  return { given: values, unread }
}

/** Without the path: somebody may have put the secret itself there. */
function unreadable(error: unknown): string {
  const reason = error instanceof Error ? reasonOf(codeOf(error)) : undefined
  return reason === undefined ? 'cannot be read' : `cannot be read: ${reason}`
}

/** What some readers of env files leave in a value: `docker --env-file` keeps quotes and comments, a shell does not. */
export function leftovers(given: Given): [name: string, why: string][] {
  return variableNames.flatMap((name): [string, string][] => {
    const value = given[name] ?? ''
    const would = 'which would be part of the value: take'
    if (/^["'`“”‘’«].*["'`“”‘’»]$/s.test(value)) return [[name, `has quotes, ${would} them away`]]
    return /\s#/.test(value) ? [[name, `has a comment behind it, ${would} it away`]] : []
  })
}

/** What an orchestrator may have put there, as Kubernetes does for a service named `sandbox`, while nothing reads it. */
export function unusedIn(given: Given): string[] {
  const runsSandbox = !given['BRIDGE_CLIENT_ID'] && !given['BRIDGE_CLIENT_SECRET']
  const asksPlainly = ['BRIDGE_BASE_URL', 'PUBLIC_URL'].some((name) =>
    given[name]?.toLowerCase().startsWith('http:'),
  )
  return [
    'SANDBOX_WEBHOOK_URL', // read by the sandbox alone, which is another program
    ...(runsSandbox ? ['HTTPS_PROXY', 'NO_PROXY'] : ['SANDBOX_PORT']),
    ...(runsSandbox || !asksPlainly ? ['HTTP_PROXY'] : []),
  ]
}
