import { DatabaseError } from 'pg'

/** No connection, or one that broke: whether its transaction was committed may be unknown. */
export class ConnectionLostError extends Error {
  override name = 'ConnectionLostError'
}

/** Somebody else stored something first that the decision would have gone by: the transaction is to decide again. */
export class LostRaceError extends Error {
  override name = 'LostRaceError'
}

/** What PostgreSQL said, without the values it said it of. */
class PostgresError extends Error {
  override name = 'PostgresError'
  readonly code: string

  constructor({ code = '', message, constraint }: DatabaseError) {
    super(
      [valued.test(code) ? 'A value was refused' : message, constraint].filter(Boolean).join(', '),
    )
    this.code = code
  }
}

/** Data exceptions quote the value; the others name what is the schema's own. */
const valued = /^22/

export const isPostgresError = (error: unknown): error is DatabaseError | PostgresError =>
  error instanceof DatabaseError || error instanceof PostgresError

/** drizzle wraps the driver's error in its own, as `cause`. */
export const rootOf = (error: unknown): unknown =>
  error instanceof Error &&
  (isPostgresError(error.cause) || error.cause instanceof ConnectionLostError)
    ? error.cause
    : error

/** PostgreSQL's five letters for what went wrong (SQLSTATE). */
export const stateOf = (error: unknown): string | undefined => {
  const root = rootOf(error)
  return isPostgresError(root) ? root.code : undefined
}

/** Statements, values, and the row an error was about stay out of what others may log. */
export const withoutValues = (error: unknown): unknown => {
  const root = rootOf(error)
  return root instanceof DatabaseError ? new PostgresError(root) : root
}

/** Whether a write met a unique index. Its transaction is over: what should go on asks for `onConflictDoNothing`. */
export const isTaken = (error: unknown): boolean => stateOf(error) === '23505'
