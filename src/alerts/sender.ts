import { dispatcherTo } from '../bridge/transport/dispatcher.ts'
import type { Config } from '../config.ts'
import { ask, isSuccess } from '../http-exchange.ts'
import type { Message } from './message.ts'

/** The receiver did not take it. Says why, and never where it was sent: the address is a secret. */
export class NotTakenError extends Error {
  override name = 'NotTakenError'
}

const timeoutMs = 10_000

/** Brings messages to the operator's own address, which needs no guard. Both reject with a NotTakenError. */
export interface AlertSender {
  tell(message: Message): Promise<void>
  /** As healthchecks.io reads it: the address itself for success, with `/start` or `/fail` behind it for these. */
  ping(sign: Sign, said?: string): Promise<void>
}

type Sign = 'start' | 'success' | 'fail'

export function createAlertSender(
  { alertFormat, secrets }: Config,
  signal?: AbortSignal,
): AlertSender {
  const { alertUrl, healthcheckUrl, proxy } = secrets
  const post = async (url: URL, type: string, body: string): Promise<void> => {
    const dispatcher = dispatcherTo(url.origin, proxy, 1)
    const { username, password } = url
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`)
    try {
      const { status } = await ask(
        dispatcher,
        {
          origin: url.origin,
          path: `${url.pathname}${url.search}`,
          method: 'POST',
          headers: {
            'content-type': type,
            'user-agent': 'bank-api',
            ...(username !== '' && { authorization: `Basic ${login.toString('base64')}` }),
          },
          body,
        },
        { ms: timeoutMs, signal, maxBytes: () => 0 },
      )
      if (!isSuccess(status)) throw new NotTakenError(`it answered ${status}`)
    } catch (error) {
      if (error instanceof NotTakenError) throw error
      // Undici's messages hold hosts and addresses; nothing but the code is passed on.
      const { code, name } = error as NodeJS.ErrnoException
      // oxlint-disable-next-line preserve-caught-error
      throw new NotTakenError(code ?? name)
    } finally {
      await dispatcher.destroy()
    }
  }

  return {
    async tell(message) {
      if (alertUrl === undefined) return
      const isText = alertFormat === 'text'
      const type = isText ? 'text/plain; charset=utf-8' : 'application/json'
      await post(new URL(alertUrl), type, isText ? message.text : JSON.stringify(message))
    },
    async ping(sign, said = '') {
      if (healthcheckUrl === undefined) return
      const url = new URL(healthcheckUrl)
      if (sign !== 'success') url.pathname = `${url.pathname.replace(/\/$/, '')}/${sign}`
      await post(url, 'text/plain; charset=utf-8', said)
    },
  }
}
