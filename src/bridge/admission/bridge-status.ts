import { z } from 'zod'

/** How the server stands with Bridge, as it is written down for the CLI and for the next start. */
export const savedBridgeStatus = z.object({
  quota: z.object({
    burst: z.number(),
    perSecond: z.number(),
    available: z.number(),
    waiting: z.number(),
    granted: z.number(),
    refused: z.number(),
    tenants: z.array(z.object({ tenant: z.string(), waiting: z.number(), available: z.number() })),
  }),
  breaker: z.object({
    open: z.boolean(),
    since: z.number().nullable(),
    nextTryAt: z.number().nullable(),
    opened: z.number(),
  }),
  credentials: z.object({
    refused: z.boolean(),
    refusedSince: z.number().nullable(),
    refusals: z.number(),
  }),
  clockInDoubt: z.boolean().default(false),
  /** The Bridge and the PUBLIC_URL of the server that wrote this: the shell that a command runs in may have others. */
  served: z.object({ publicUrl: z.string(), bridgeOrigin: z.string() }).optional(),
})
export type BridgeStatus = Omit<z.output<typeof savedBridgeStatus>, 'served'>
export type Served = NonNullable<z.output<typeof savedBridgeStatus>['served']>

/** What was left of the quota when it was written down; undefined when nothing readable was. */
export function savedQuota(
  saved: { status: unknown; at: number } | undefined,
): { available: number; at: number } | undefined {
  const read = savedBridgeStatus.safeParse(saved?.status)
  return saved && read.success ? { available: read.data.quota.available, at: saved.at } : undefined
}
