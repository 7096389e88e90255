import { createSocket } from 'node:dgram'
import { isIPv6 } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * The addresses of each name, of either family; with a null among them, a question for the family that has none gets no
 * answer. A number is the error to answer with. What is not listed does not exist.
 */
export type Zone = Record<string, readonly (string | null)[] | number>

const typeA = 1
const typeAaaa = 28
const nameError = 3

/** A name server on a real socket, with the names it was asked for. */
export async function nameServer(zone: Zone) {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => {
    const { name, type, end } = questionOf(query)
    asked.push(name)
    const entry = zone[name] ?? nameError
    const [found, error] = typeof entry === 'number' ? [[], entry] : [entry, 0]
    const records = found
      .filter((each) => each !== null)
      .filter((each) => type === (isIPv6(each) ? typeAaaa : typeA))
      .map((each) => recordOf(type, each))
    if (records.length === 0 && found.includes(null)) return
    const head = Buffer.alloc(12)
    query.copy(head, 0, 0, 2)
    head.writeUInt16BE(0x8180 | error, 2)
    head.writeUInt16BE(1, 4)
    head.writeUInt16BE(records.length, 6)
    socket.send(Buffer.concat([head, query.subarray(12, end), ...records]), port, address)
  })
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve))
  onTestFinished(() => void socket.close())
  return { asked, servers: [`127.0.0.1:${socket.address().port}`] }
}

function questionOf(query: Buffer): { name: string; type: number; end: number } {
  const labels: string[] = []
  let at = 12
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  return { name: labels.join('.').toLowerCase(), type: query.readUInt16BE(at + 1), end: at + 5 }
}

/** A record of the name that was asked for, kept for no time. */
function recordOf(type: number, address: string): Buffer {
  const bytes = isIPv6(address)
    ? address
        .split(':')
        .flatMap((part) => [Number.parseInt(part, 16) >> 8, Number.parseInt(part, 16) & 0xff])
    : address.split('.').map(Number)
  const head = Buffer.from([0xc0, 12, 0, type, 0, 1, 0, 0, 0, 0, 0, bytes.length])
  return Buffer.from([...head, ...bytes])
}
