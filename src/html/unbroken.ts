/** French writes these signs behind a space, where no line may end. */
export const unbroken = (text: string): string => text.replaceAll(/ (?=[:;?!»])|(?<=«) /g, '\u00a0')
