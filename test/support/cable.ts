import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/** A line to a server on this machine that can be cut and mended. */
export interface Cable {
  port: number
  /** Both ends learn of it at once. */
  cut(): void
  /** The server hears what is said to it, and its answers wait. */
  mute(): void
  /** Nothing comes through, and nobody is told: as when packets are dropped. */
  silence(): void
  /** What waits goes on. */
  mend(): void
}

/** Lays a cable to a port; it is gone when the test ends. */
export async function layCable(target: number): Promise<Cable> {
  const open = new Set<Socket>()
  const waiting: (() => void)[] = []
  let state: 'whole' | 'mute' | 'silent' | 'cut' = 'whole'
  const pass = (isAnswer: boolean, work: () => void) => {
    if (state === 'silent' || (state === 'mute' && isAnswer)) waiting.push(work)
    else work()
  }
  const server = createServer((near) => {
    if (state === 'cut') {
      near.destroy()
      return
    }
    const far = connect(target, '127.0.0.1')
    for (const [socket, other, isAnswer] of [
      [near, far, false],
      [far, near, true],
    ] as const) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('data', (bytes) => pass(isAnswer, () => other.write(bytes)))
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        pass(isAnswer, () => other.destroy())
      })
    }
  })
  const cut = () => {
    state = 'cut'
    waiting.length = 0
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
    state = 'mute'
  }
  const silence = () => {
    state = 'silent'
  }
  const mend = () => {
    state = 'whole'
    for (const work of waiting.splice(0)) work()
  }
  return { port: (server.address() as AddressInfo).port, cut, mute, silence, mend }
}
