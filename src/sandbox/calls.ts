/** One request to the Bridge API, for counting. */
export interface Call {
  method: string
  path: string
  query: string
  version: string | undefined
  at: number
  /** Absent while the answer is out, or when the connection was cut. */
  status?: number
}

export interface Calls {
  note(call: Call): void
  list(): readonly Call[]
  clear(): void
}

/** As many of the newest are kept. */
export const keptCalls = 50_000

export function createCalls(): Calls {
  let calls: Call[] = []
  return {
    note(call) {
      calls.push(call)
      if (calls.length > keptCalls + 5_000) calls = calls.slice(-keptCalls)
    },
    list: () => calls.slice(-keptCalls),
    clear() {
      calls = []
    },
  }
}
