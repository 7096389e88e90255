import { IncomingMessage } from 'node:http'

/** A piece of a body that is as large is passed on as it came. */
const enough = 4 * 1024

/**
 * A request whose body comes on in pieces of a few kilobytes, however small those are that were sent: each is an object, and
 * a body of 256 KiB in chunks of one byte would be forty megabytes of them. Whoever reads bodies here waits for their end.
 */
export class Incoming extends IncomingMessage {
  #gathered: Buffer | undefined
  #size = 0

  override push(piece: Buffer | null): boolean {
    if (piece === null) {
      this.#passOn()
      return super.push(null)
    }
    if (this.#size + piece.length > enough) {
      const isWanted = this.#passOn()
      if (piece.length >= enough) return super.push(piece)
      this.#gather(piece)
      return isWanted
    }
    this.#gather(piece)
    return true
  }

  #gather(piece: Buffer): void {
    if (this.#gathered === undefined) {
      this.#gathered = piece // most bodies come in one
    } else {
      if (this.#gathered.length < enough) {
        const room = Buffer.allocUnsafeSlow(enough)
        this.#gathered.copy(room)
        this.#gathered = room
      }
      piece.copy(this.#gathered, this.#size)
    }
    this.#size += piece.length
  }

  #passOn(): boolean {
    const gathered = this.#gathered?.subarray(0, this.#size)
    this.#gathered = undefined
    this.#size = 0
    return gathered === undefined || super.push(gathered)
  }
}
