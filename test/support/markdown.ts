/** Markdown's table, as `npm run format` leaves it: the first row is the head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  const line = (row: readonly string[], fill = ' ') =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!, fill)).join(' | ')} |`
  const [head, ...others] = rows
  return [
    line(head!),
    line(
      head!.map(() => ''),
      '-',
    ),
    ...others.map((row) => line(row)),
  ].join('\n')
}

/** The page with these rows in the place of its table whose first column is headed so. */
export const withTable = (
  page: string,
  [head, ...rows]: readonly [readonly string[], ...(readonly string[])[]],
): string =>
  page.replace(
    new RegExp(`^\\| ${head[0]} +\\|.*\\n(?:\\|.*\\n)+`, 'm'),
    () => `${table([head, ...rows])}\n`,
  )
