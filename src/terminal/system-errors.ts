const noRight = (): string =>
  // oxlint-disable-next-line no-restricted-globals -- who we are, and nothing of the environment
  `user ${process.getuid?.() ?? '?'} has no right to it; run this as the server's user`

const reasons: Record<string, string | (() => string)> = {
  EACCES: noRight,
  EPERM: noRight,
  EROFS: 'the file system can only be read',
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota of the disk is used up',
  ENOTDIR: 'a file stands where a folder belongs',
  EISDIR: 'a folder stands where a file belongs',
  EEXIST: 'it exists already',
  ENOENT: 'it does not exist',
  ENAMETOOLONG: 'the name is too long',
  EMFILE: 'too many files are open',
  EIO: 'the disk fails',
  SQLITE_FULL: 'the disk is full',
  SQLITE_READONLY: 'it can only be read',
  SQLITE_CANTOPEN: 'it cannot be opened',
  SQLITE_PERM: noRight,
  SQLITE_NOTADB: 'it is no database',
  SQLITE_CORRUPT: 'it is damaged: restore a copy',
  SQLITE_IOERR: 'the disk fails',
  SQLITE_BUSY: 'another process keeps it locked',
}

/** The word that a failed connection has for itself. */
export const codeOf = (error: Error): string =>
  'code' in error && typeof error.code === 'string' ? error.code : error.message

type SystemError = NodeJS.ErrnoException & { address?: string; port?: number; hostname?: string }

/**
 * What the machine did not let us do, in one sentence with the path or the address it is about, for whoever runs this
 * program. Undefined for an error that is none of the machine's: that one needs its stack.
 */
export function sentenceOf(error: unknown): string | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const { code = '', syscall, path } = at as SystemError
    if (syscall === 'listen') return aboutListening(at)
    if (syscall === 'getaddrinfo') return `HOST: ${(at as SystemError).hostname} does not resolve`
    // Ours, before anything was written: the disk is not full, but too small for what is to come.
    if (code === 'ENOSPC' && syscall === undefined && path) return `${path}: ${at.message}`
    const reason = reasonOf(code, syscall)
    if (reason === undefined) continue
    const subject = path ?? (code.startsWith('SQLITE_') ? 'The database' : 'The output')
    return `${subject}: ${reason} (${code})`
  }
  return undefined
}

/** Why the machine did not let us, for one of its codes; undefined for any other word. */
export function reasonOf(code: string, syscall?: string): string | undefined {
  if (code === 'EEXIST' && syscall === 'mkdir') return reasonOf('ENOTDIR', syscall)
  // SQLite's codes are refined behind the second word: SQLITE_READONLY_DIRECTORY.
  const reason = reasons[code] ?? reasons[code.split('_').slice(0, 2).join('_')]
  return typeof reason === 'function' ? reason() : reason
}

function aboutListening({ code, address, port }: SystemError): string {
  if (code === 'EADDRINUSE') return `PORT, SANDBOX_PORT: another process listens on port ${port}`
  if (code === 'EADDRNOTAVAIL') return `HOST: ${address} is no address of this machine`
  if (code === 'EACCES') return `PORT: ${port} is for root alone; use one from 1024 on`
  return `HOST, PORT: cannot listen on ${address}, port ${port} (${code})`
}
