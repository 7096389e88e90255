import { ConfigError } from '../../config.ts'
import { DatabaseInUseError, StoreAwayError } from '../store-errors.ts'
import { type Address, DatabaseUrlError } from './database-url.ts'
import { isPostgresError } from './errors.ts'

/** Refuses who asks, by name, password or TLS; there is no such database; a role that may not do something. */
const refusals = /^(?:28|3D000|42501)/

/** Starting up or stopping, and out of connections or memory. */
const passing = /^(?:08|53|57P)/

/** What OpenSSL says of a certificate, and Node of a name. */
const aboutTls = /CERT|^ERR_TLS|^UNABLE_TO|^HOSTNAME_MISMATCH/

/**
 * What keeps a server's database from being opened, in a line for whoever runs this program; what is none of that comes back
 * as it is. Nowhere is there more of a URL than the host and the port.
 */
export function toStartError(error: unknown, address?: Pick<Address, 'host' | 'port'>): unknown {
  if (!(error instanceof Error)) return error
  if (error instanceof DatabaseUrlError) return wrong(error.message, error)
  const code = codeOf(error)
  if (isPostgresError(error)) {
    if (error.message.startsWith('unsupported startup parameter')) return wrong(ofPooler, error)
    if (refusals.test(code)) {
      const act = code === '3D000' ? 'CREATE DATABASE makes it' : 'see its role and password'
      return wrong(`is refused by the server: ${error.message}; ${act}: ${aboutRole}`, error)
    }
    if (code === '25006') return wrong('names a server that takes no writes, as a standby', error)
    if (code === '55P03') {
      const message = 'The schema cannot be changed: another program holds a table. Start again.'
      return new DatabaseInUseError(message, { cause: error })
    }
    return passing.test(code) ? away(error, address) : error
  }
  if (aboutTls.test(code))
    return wrong(`names a server that is not trusted: ${error.message}`, error)
  if (error.message.includes('does not support SSL')) {
    return wrong('asks for TLS, which the server does not have', error)
  }
  if (error.message.startsWith('SASL')) {
    return wrong(`holds no password, and the server asks for one: ${aboutRole}`, error)
  }
  const isOfNetwork = 'syscall' in error || error instanceof AggregateError
  return isOfNetwork || /timeout|terminated/.test(error.message) ? away(error, address) : error
}

const aboutRole = 'docs/postgresql.md, The database and its role'

/** PgBouncer's way to say that it does not know our limits; docs/postgresql.md says how the role gets them instead. */
const ofPooler = `names a PgBouncer that must be told: ignore_startup_parameters = lock_timeout, statement_timeout, idle_in_transaction_session_timeout`

const codeOf = (error: Error): string => ('code' in error ? String(error.code) : '')

const wrong = (why: string, cause: Error): ConfigError =>
  Object.assign(new ConfigError([`DATABASE_URL: ${why}`]), { cause })

function away(cause: Error, { host, port }: Pick<Address, 'host' | 'port'> = {}): StoreAwayError {
  const why = isPostgresError(cause) ? cause.message : codeOf(cause) || cause.message
  const message = `The database at ${host}, port ${port}, cannot be reached: ${why}. ${nextStep(cause)}`
  return new StoreAwayError(message, { cause })
}

/** Running servers look by themselves; whoever starts one, or a command, does it again. */
const nextStep = (cause: Error): string =>
  codeOf(cause).startsWith('53')
    ? 'It is out of connections, memory or disk: docs/postgresql.md'
    : 'See that PostgreSQL, or its pooler, runs and listens there; running servers come back by themselves'
