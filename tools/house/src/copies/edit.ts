/** Changes to a copy of the sources, each of which must really change something. */

/** One replacement in one source file. */
export interface Edit {
  /** Path in the repository. */
  readonly file: string
  /** Text that occurs there exactly once. */
  readonly find: string
  readonly replace: string
}

export const edit = (file: string, find: string, replace: string): Edit => ({ file, find, replace })

/**
 * A file's text after the edits of it.
 *
 * @throws Error that says what to update if an edit would change nothing, or more than one place
 */
export function edited(file: string, text: string, edits: readonly Edit[]): string {
  return edits
    .filter((edit) => edit.file === file)
    .reduce((changed, { find, replace }) => {
      const parts = changed.split(find)
      if (parts.length === 2 && find !== replace) return parts.join(replace)
      throw new Error(
        `A test of tools/house changes a copy of ${file} where it says ${JSON.stringify(find)}, but that text is there ${parts.length - 1} times, not once. The file was edited: update that edit under tools/house/src so that it makes the same change to the code as it is now.`,
      )
    }, text)
}
