/** A system call of interest, in the order a trace shows them. */
type Step = 'log written' | 'log synced' | 'answered'

const stepOf = (line: string): Step | undefined => {
  if (/\bpwritev?(?:64)?\(\d+<[^>]*-wal>/.test(line)) return 'log written'
  if (/\bf(?:data)?sync\(\d+<[^>]*-wal>.*= 0/.test(line)) return 'log synced'
  if (/"HTTP\/1\.1 200/.test(line)) return 'answered'
  return undefined
}

export interface Durability {
  answers: number
  /** Answers before which the write-ahead log had not been written and synced, since the answer before. */
  tooEarly: number
  syncs: number
}

/** What a trace by `strace -f -y` says of when answers left and when the log was safe. */
export function readTrace(trace: string): Durability {
  const sum = { answers: 0, tooEarly: 0, syncs: 0 }
  let isWritten = false
  let isSafe = false
  for (const line of trace.split('\n')) {
    const step = stepOf(line)
    if (step === 'log written') {
      isWritten = true
      isSafe = false
    }
    if (step === 'log synced') {
      isSafe = isWritten
      sum.syncs += 1
    }
    if (step === 'answered') {
      sum.answers += 1
      if (!isSafe) sum.tooEarly += 1
      isWritten = false
      isSafe = false
    }
  }
  return sum
}
