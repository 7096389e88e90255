import type { BridgeClient } from '../bridge/client.ts'
import { createTerminal, type Streams, type Terminal } from '../terminal/terminal.ts'
import { createConfirm, type Confirm } from './confirm.ts'
import { withBridge, withInstallation, type Installation } from './installation.ts'
import { createPrinter, type Printer } from './print.ts'
import { createWithProgress, type WithProgress } from './progress.ts'

/** 0 done, 1 refused or failed, 2 not understood; of `doctor`, how bad it is. */
export type ExitCode = 0 | 1 | 2

/** Whom a command works for: the environment it reads, and where it writes. */
export interface Surroundings extends Streams {
  env: Record<string, string | undefined>
  /** For a command that goes on until somebody stops it: the signal for that. Without one it goes on. */
  stopped?: () => AbortSignal
}

/** What the commands of one run share; nothing of it outlives the run. */
export interface CommandContext extends Printer {
  confirm: Confirm
  env: Surroundings['env']
  terminal: Terminal
  stopped(): AbortSignal
  withInstallation<T>(command: (installation: Installation) => Promise<T>): Promise<T>
  withBridge<T>(
    command: (installation: Installation & { bridge: BridgeClient }) => Promise<T>,
  ): Promise<T>
  withProgress: WithProgress
  /** Ends the run with this code, though the command throws nothing. */
  exitWith(code: ExitCode): void
  exitCode(): ExitCode
}

export function createContext({ env, stopped, ...streams }: Surroundings): CommandContext {
  let code: ExitCode = 0
  let isOutputLost = false
  const terminal = createTerminal(streams, () => {
    isOutputLost = true
  })
  return {
    env,
    terminal,
    stopped: stopped ?? (() => new AbortController().signal),
    ...createPrinter(terminal),
    confirm: createConfirm(terminal),
    withInstallation: (command) => withInstallation(env, command),
    withBridge: (command) => withBridge(env, command),
    withProgress: createWithProgress(terminal),
    exitWith(next) {
      code = next
    },
    exitCode: () => (isOutputLost && code === 0 ? 1 : code),
  }
}
