/** The error for a mistake that the user can put right. */

/**
 * Thrown for bad input of the user's: an unknown name, a damaged file, a missing data set. The message is one sentence
 * that names the value and the remedy; a command prints it alone, without a stack trace, and exits with a failure.
 */
export class UserError extends Error {
  override readonly name = 'UserError'
}
