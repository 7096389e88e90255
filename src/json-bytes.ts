import { Readable } from 'node:stream'

/** What one answer sends in a turn of the event loop. */
const partSize = 64 * 1024

/** A value that is JSON already, in pieces that other answers may hold too: nobody changes them. */
export class JsonBytes {
  readonly pieces: readonly Buffer[]
  readonly length: number

  constructor(pieces: readonly Buffer[]) {
    this.pieces = pieces
    this.length = pieces.reduce((sum, { length }) => sum + length, 0)
  }

  /** This value inside of other JSON; its pieces are not copied. */
  within(before: string, after: string): JsonBytes {
    return new JsonBytes([Buffer.from(before), ...this.pieces, Buffer.from(after)])
  }

  /**
   * The bytes in small parts, none before the one before has left, and one in a turn of the event loop: whoever never reads
   * holds next to nothing, and hundreds who read fast leave turns to others.
   */
  stream(): Readable {
    const left = this.#parts()
    return new Readable({
      read() {
        setImmediate(() => this.push(left.next().value ?? null))
      },
    })
  }

  *#parts(): Generator<Buffer> {
    for (const piece of this.pieces) {
      for (let at = 0; at < piece.length; at += partSize) yield piece.subarray(at, at + partSize)
    }
  }
}
