/** The installation was not moved, and the target is as it was; the message says why. */
export class MoveError extends Error {
  override name = 'MoveError'
}
