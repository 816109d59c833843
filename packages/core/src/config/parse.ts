/** Checking a configuration that came from a user. */
import { z } from 'zod'
import { UserError } from '../errors.js'

/**
 * The value with every default written out.
 *
 * @param what names the value in the error, for example "recipe"
 * @throws UserError that names the first wrong field, what was given and what was expected
 */
export function parseConfig<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]!
  const path = issue.path.join('.')
  const given = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value)
  const place = path === '' ? `The ${what}` : `The ${what}'s ${path}`
  const shown = given === undefined ? 'is missing or not allowed' : `is ${JSON.stringify(given)}`
  throw new UserError(`${place} ${shown}: ${messageOf(issue)}.`)
}

/** What a union says that has no message of its own. */
const UNION = z.union([z.string(), z.number()]).safeParse(null).error!.issues[0]!.message

/** Of a union without a message of its own, what each of its forms has against the value. */
function messageOf(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0 || issue.message !== UNION) return issue.message
  const each = issue.errors.map(([first]) => (first === undefined ? '' : `${first.path.join('.')}: ${first.message}`))
  return `${issue.message}, for ${[...new Set(each)].map((text) => text.replace(/^: /, '')).join(', or ')}`
}
