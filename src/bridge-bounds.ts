/** The most rows Bridge gives at once. */
export const pageSize = 500

/** How long Bridge may take over one call, or over one piece of work of ours, all requests together. */
export const budgetMs = 50_000

/** How long a read of many pages may wait for its queue: what a call's time has left then suffices for the last page. */
export const longestReadWaitMs = 45_000
