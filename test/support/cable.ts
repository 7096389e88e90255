import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A line to a server on this machine that can be cut and mended. */
export interface Cable {
  port: number
  cut(): void
  /** The server hears what is said to it, and its answers wait. */
  mute(): void
  mend(): void
}

/** Lays a cable to a port; it is gone when the test ends. */
export async function layCable(target: number): Promise<Cable> {
  const open = new Set<Socket>()
  const answers = new Map<Socket, Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    answers.set(far, near)
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(socket)
      socket.pipe(other)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        answers.delete(socket)
        other.destroy()
      })
    }
  })
  const cut = () => {
    isCut = true
    for (const socket of open) socket.destroy()
  }
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  onTestFinished(() => {
    cut()
    server.close()
  })
  const mute = () => {
    for (const [far, near] of answers) far.unpipe(near)
  }
  const mend = () => {
    isCut = false
    for (const [far, near] of answers) far.unpipe(near).pipe(near)
  }
  return { port: (server.address() as AddressInfo).port, cut, mute, mend }
}
