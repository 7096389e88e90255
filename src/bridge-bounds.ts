/** The most rows Bridge gives at once. */
export const pageSize = 500

/** How long a read of many pages may wait for its queue: what a call's time has left then suffices for the last page. */
export const longestReadWaitMs = 45_000
