import { Socket } from 'node:net'
import type { Transporter } from 'nodemailer'
import type { Config } from '../config.ts'
import { minuteMs } from '../durations.ts'
import { bare } from '../networks.ts'

/** The operator's mail server, as `SMTP_URL` and `MAIL_FROM` say it. */
export interface MailServer {
  /** `smtp://user:password@host:port`, or `smtps://…`. */
  url: string
  from: string
}

export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  headers: Readonly<Record<string, string>>
}

/**
 * What became of a mail. `refused`: the server will not take it for this address; `deferred`: not now; `unsure`: the
 * connection was lost, so it may have been taken.
 */
export type MailOutcome = 'sent' | 'refused' | 'deferred' | 'unsure'

/** The server said no before any mail was given to it. Says why, and never with whose password. */
export class MailServerError extends Error {
  override name = 'MailServerError'
  /** By itself, or once the operator mends it: the log has it once. */
  readonly transient = true
}

export interface Mailer {
  /** Never rejects. `code` is what the server, or the connection, had to say. */
  send(mail: Mail): Promise<{ outcome: MailOutcome; code: string | undefined }>
  /** Greets the server and logs in. Rejects with a MailServerError. */
  check(): Promise<void>
}

/** For a mail, or a look, in all. Each step has its own limit besides, which a byte now and then begins anew. */
const inAllMs = minuteMs

const waitMs = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 }

/** The mail server of a configuration; undefined without one. */
export const mailServerOf = ({
  mailFrom,
  secrets: { smtpUrl },
}: Pick<Config, 'mailFrom' | 'secrets'>): MailServer | undefined =>
  smtpUrl === undefined || mailFrom === undefined ? undefined : { url: smtpUrl, from: mailFrom }

export function createMailer({ url, from }: MailServer): Mailer {
  return {
    async send({ headers, ...mail }) {
      try {
        const transport = await transportTo(url)
        await transport.sendMail({ from, ...mail, headers: { ...headers, ...automatic } })
        return { outcome: 'sent', code: undefined }
      } catch (error) {
        return { outcome: outcomeOf(error), code: codeOf(error) }
      }
    },
    async check() {
      try {
        const transport = await transportTo(url)
        await transport.verify()
      } catch (error) {
        // The library's messages may repeat what the server was told.
        // oxlint-disable-next-line preserve-caught-error
        throw new MailServerError(codeOf(error))
      }
    },
  }
}

/** No absence note comes back to it (RFC 3834). */
const automatic = { 'Auto-Submitted': 'auto-generated' }

/** Loaded when there is something to send: most installations send nothing. */
async function transportTo(url: string): Promise<Transporter> {
  const { createTransport } = await import('nodemailer')
  const { protocol, hostname, port, username, password } = new URL(url)
  const auth = { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  const secure = protocol === 'smtps:'
  const socket = new Socket()
  const late = setTimeout(() => socket.destroy(), inAllMs).unref()
  socket.once('close', () => clearTimeout(late))
  return createTransport({
    host: bare(hostname),
    secure,
    ...(port !== '' && { port: Number(port) }),
    // A password never goes in the clear; without one a relay next door may have no TLS.
    ...(username !== '' && { auth, requireTLS: !secure }),
    ...waitMs,
    socket,
    disableFileAccess: true,
    disableUrlAccess: true,
  })
}

type Failure = Partial<Record<'responseCode' | 'code' | 'command', number | string>>

function outcomeOf(error: unknown): Exclude<MailOutcome, 'sent'> {
  const { responseCode, command } = error as Failure
  if (typeof responseCode !== 'number') return 'unsure'
  // Who refuses us, or our sender, says nothing of the address.
  const isOfMail = command === 'RCPT TO' || command === 'DATA'
  return responseCode >= 500 && isOfMail ? 'refused' : 'deferred'
}

function codeOf(error: unknown): string {
  const { responseCode, code } = error as Failure
  return String(responseCode ?? code ?? (error as Error).name)
}
