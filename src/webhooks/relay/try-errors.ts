/** What is kept of a try without a status, where no library has a name for it. */
export const notAllowed = 'the address is not allowed'
export const noAnswerWithin = (ms: number): string => `no answer within ${ms / 1_000} s`
