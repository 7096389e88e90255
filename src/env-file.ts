import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigError } from './config.ts'
import { decodeText, NotTextError } from './decode-text.ts'

type Env = Record<string, string | undefined>

/** What Node itself reads, before it runs a line of ours. */
const readByNode = /^(?:NODE_(?!ENV$).*|SSL_CERT_(?:FILE|DIR))$/

/**
 * Adds the variables of `.env`, where there is one, to an environment; what is set there already wins.
 * Throws a ConfigError for every line that would not come to be what was written.
 */
export function addEnvFile(env: Env, path = '.env'): void {
  const text = readIfThere(path)
  if (text === undefined) return
  const variables = parseEnv(text)
  const problems = [
    ...problemsOf(text),
    ...Object.keys(variables)
      .filter((name) => readByNode.test(name) && env[name] === undefined)
      .map((name) => `${name} has no effect here: Node reads it before ${path}; export it instead`),
  ]
  if (problems.length > 0) throw new ConfigError(problems.map((line) => `${path}: ${line}`))
  for (const [name, value] of Object.entries(variables)) env[name] ??= value
}

function readIfThere(path: string): string | undefined {
  try {
    return decodeText(readFileSync(path))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    const why = error instanceof NotTextError ? error.message : `cannot be read (${code})`
    throw new ConfigError([`${path}: ${why}`])
  }
}

/** Node's reader passes over what it does not understand, and ends a bare value at any `#`. */
function problemsOf(text: string): string[] {
  // A value in quotes may hold anything, line breaks too.
  const bare = text.replaceAll(/(=[ \t]*)(["'`])[^]*?\2/g, (match, sign: string) => {
    const breaks = match.split('\n').length - 1
    return `${sign}quoted${'\n'.repeat(breaks)}`
  })
  return bare.split(/\r?\n/).flatMap((line, index) => {
    const where = `line ${index + 1}`
    if (/^\s*(?:#.*)?$/.test(line)) return []
    const [, name, value = ''] = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(.*)$/.exec(line) ?? []
    // Lines that end a quoted value over several lines are left empty above.
    if (name === undefined) return [`${where} is not NAME=value`]
    if (/^["'`]/.test(value)) return [`${where}: the quotation mark of ${name} is never closed`]
    if (/[^\s]#/.test(value.replace(/\s#.*$/, ''))) {
      return [`${where}: ${name} has a # in its value: put the value in quotes`]
    }
    return []
  })
}
