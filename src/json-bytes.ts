import { Readable } from 'node:stream'

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

  /** The pieces one after the other, each only when the one before has left: a reader who never reads holds none. */
  stream(): Readable {
    const left = this.pieces.values()
    return new Readable({
      read() {
        this.push(left.next().value ?? null)
      },
    })
  }
}
