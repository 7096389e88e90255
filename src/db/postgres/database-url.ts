import { readFileSync } from 'node:fs'
import type { ClientConfig } from 'pg'
import { bare } from '../../networks.ts'

/** Where the database is and how to get there, in the driver's terms. */
export type Address = Pick<ClientConfig, 'host' | 'port' | 'user' | 'password' | 'database' | 'ssl'>

/** A DATABASE_URL that cannot be used; the message says why, and never the URL, for it may hold a password. */
export class DatabaseUrlError extends Error {
  override name = 'DatabaseUrlError'
}

/** As libpq has them. `allow` and `prefer` encrypt when the server likes: nobody is safe by that. */
const modes = ['disable', 'require', 'verify-ca', 'verify-full'] as const

const known = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host']

/** Reads a DATABASE_URL. A socket's folder is its `host` parameter. @throws DatabaseUrlError */
export function readDatabaseUrl(text: string): Address {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^postgres(?:ql)?:$/.test(url.protocol)) {
    throw new DatabaseUrlError('expected postgres://user:password@host:port/database?sslmode=…')
  }
  const query = url.searchParams
  const stranger = [...query.keys()].find((name) => !known.includes(name))
  if (stranger !== undefined) {
    throw new DatabaseUrlError(`knows no parameter ${stranger}, only ${known.join(', ')}`)
  }
  const host = query.get('host') ?? bare(url.hostname)
  const database = decoded(url.pathname.slice(1))
  if (host === '' || database === '') {
    throw new DatabaseUrlError('names no host, or no database')
  }
  return {
    host,
    port: Number(url.port || 5432),
    database,
    ...(url.username !== '' && { user: decoded(url.username) }),
    ...(url.password !== '' && { password: decoded(url.password) }),
    ssl: readTls(query, isOnThisMachine(host)),
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw new DatabaseUrlError('has a % in its user, password or database: write it as %25')
  }
}

const isOnThisMachine = (host: string): boolean =>
  host.startsWith('/') || ['localhost', '127.0.0.1', '::1'].includes(host)

function readTls(query: URLSearchParams, isLocal: boolean): ClientConfig['ssl'] {
  const mode = query.get('sslmode') ?? (isLocal ? 'disable' : undefined)
  if (!modes.some((one) => one === mode)) {
    const whether = mode === undefined ? 'the host is another machine' : 'it is another'
    throw new DatabaseUrlError(`needs an sslmode of ${modes.join(', ')}: ${whether}`)
  }
  const files = { ca: 'sslrootcert', cert: 'sslcert', key: 'sslkey' } as const
  const given = Object.entries(files).flatMap(([option, name]) => {
    const path = query.get(name)
    return path === null ? [] : [[option, readPem(name, path)] as const]
  })
  if (mode === 'disable') {
    if (given.length === 0) return false
    throw new DatabaseUrlError('names certificates, and sslmode=disable')
  }
  const tls = Object.fromEntries(given)
  // As libpq: with a certificate to compare with, `require` compares.
  const verifies = mode === 'verify-full' || 'ca' in tls
  if (mode === 'verify-ca' && !verifies) {
    throw new DatabaseUrlError('needs an sslrootcert for sslmode=verify-ca')
  }
  return {
    ...tls,
    rejectUnauthorized: verifies,
    ...(mode !== 'verify-full' && { checkServerIdentity: () => undefined }),
  }
}

function readPem(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new DatabaseUrlError(`names a file of ${name} that cannot be read`, { cause })
  }
}
