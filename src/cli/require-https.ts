import { isIP } from 'node:net'
import type { Config } from '../config.ts'
import { CommandError } from './command-error.ts'

/** Throws a CommandError where no browser would keep a session: such an address is not given out. */
export function requireHttps({ publicUrl }: Pick<Config, 'publicUrl'>): void {
  const { protocol, hostname } = new URL(publicUrl)
  if (protocol === 'https:' || isLoopback(hostname)) return
  throw new CommandError(
    `Browsers keep a session over https, or on this machine: PUBLIC_URL is ${publicUrl}`,
  )
}

const isLoopback = (host: string): boolean =>
  /^(?:.+\.)?localhost$|^\[::1\]$/.test(host) || (isIP(host) === 4 && host.startsWith('127.'))
