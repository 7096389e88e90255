import { createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export interface ReceivedMail {
  to: string
  /** By lower-case name, unfolded and decoded. */
  headers: Record<string, string>
  text: string
  html: string
}

/**
 * A mail server on a real socket: what it took, in order, and how it answers, which may be changed at any time; an empty
 * answer cuts the connection. It wants a login when it has a password.
 */
export async function mailServer({ password }: { password?: string } = {}) {
  const came: ReceivedMail[] = []
  const answers: Talk['answers'] = {
    greeting: '220 mail.test',
    from: '250 ok',
    to: () => '250 ok',
    data: '250 taken',
  }
  const state = { connections: 0 }
  const server = createServer((socket) => {
    state.connections += 1
    socket.on('error', () => {})
    converse(socket, { came, answers, password })
  })
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
  onTestFinished(stop)
  const { port } = server.address() as AddressInfo
  return { url: `smtp://127.0.0.1:${port}`, came, answers, state, stop }
}

interface Talk {
  came: ReceivedMail[]
  answers: { greeting: string; from: string; to(address: string): string; data: string }
  password: string | undefined
}

function converse(socket: Socket, { came, answers, password }: Talk): void {
  let rest = ''
  let to = ''
  let isLoggedIn = password === undefined
  let isInData = false
  const say = (line: string): void => {
    if (line === '') socket.destroy()
    else socket.write(`${line}\r\n`)
  }
  const take = (line: string): void => {
    const verb = line.slice(0, 4).toUpperCase()
    if (verb === 'EHLO')
      return say(password === undefined ? '250 mail.test' : '250-mail.test\r\n250 AUTH PLAIN')
    if (verb === 'AUTH') {
      const [, user, given] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString()
        .split('\0')
      isLoggedIn = user === 'gate way' && given === password
      return say(isLoggedIn ? '235 welcome' : '535 not you')
    }
    if (verb === 'QUIT') return socket.end('221 bye\r\n') && undefined
    if (!isLoggedIn) return say('530 log in')
    if (verb === 'RCPT') {
      to = /<(.*)>/.exec(line)?.[1] ?? ''
      return say(answers.to(to))
    }
    if (verb === 'MAIL') return say(answers.from)
    isInData = verb === 'DATA'
    return say(isInData ? '354 go on' : '250 ok')
  }
  say(answers.greeting)
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    rest += chunk
    for (;;) {
      const end = rest.indexOf(isInData ? '\r\n.\r\n' : '\r\n')
      if (end < 0) return
      const piece = rest.slice(0, end)
      const wasMail = isInData
      rest = rest.slice(end + (wasMail ? 5 : 2))
      if (!wasMail) take(piece)
      else {
        isInData = false
        if (answers.data.startsWith('2')) came.push(read(to, piece))
        say(answers.data)
      }
    }
  })
}

function read(to: string, raw: string): ReceivedMail {
  const headers = headersOf(raw)
  const boundary = /boundary="?([^";]+)/.exec(headers['content-type'] ?? '')?.[1] ?? ''
  const parts = raw.split(`--${boundary}`).map((part) => part.replace(/^\r\n/, ''))
  const of = (type: string): string => {
    const part = parts.find((one) => headersOf(one)['content-type']?.startsWith(type)) ?? ''
    return decoded(part.slice(part.indexOf('\r\n\r\n') + 4), headersOf(part))
  }
  return { to, headers, text: of('text/plain'), html: of('text/html') }
}

function headersOf(raw: string): Record<string, string> {
  const head = raw.split('\r\n\r\n', 1)[0] ?? ''
  const lines = head.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n')
  return Object.fromEntries(
    lines.map((line) => {
      const [name = '', ...value] = line.split(': ')
      return [name.toLowerCase(), unworded(value.join(': '))]
    }),
  )
}

/** Words of RFC 2047. */
const unworded = (value: string): string =>
  value
    .replaceAll(/\?= =\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([qb])\?(.*?)\?=/gi, (_, kind: string, text: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(text, 'base64').toString()
        : unquoted(text.replaceAll('_', ' ')),
    )

const decoded = (body: string, headers: Record<string, string>): string =>
  headers['content-transfer-encoding'] === 'base64'
    ? Buffer.from(body, 'base64').toString()
    : unquoted(body.replaceAll('=\r\n', ''))

const unquoted = (text: string): string =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/gi, (_, code: string) =>
      String.fromCharCode(Number.parseInt(code, 16)),
    ),
    'latin1',
  ).toString('utf8')
