/** What takes two columns of a line: East Asian wide letters and most emoji. */
const wide =
  /[\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]|\p{Emoji_Presentation}/u

/** What stands on the letter before it. */
const mark = /^\p{M}$/u

const columnsOf = (letter: string): number => (mark.test(letter) ? 0 : wide.test(letter) ? 2 : 1)

/** How many columns of a line a text takes. */
export function widthOf(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length
  let width = 0
  for (const letter of text) width += columnsOf(letter)
  return width
}

/** The text, or as much of its beginning as fits, with a mark that it was cut. */
export function cutTo(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let cut = ''
  let used = 1 // for the mark
  for (const letter of text) {
    used += columnsOf(letter)
    if (used > width) break
    cut += letter
  }
  return `${cut}…`
}

/** Filled up with blanks. */
export const padTo = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - widthOf(text)))

/** Lines of whole words. A word that is longer than a line, as a command to paste may hold, stays whole. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
