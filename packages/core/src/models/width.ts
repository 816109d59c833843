/** The width multiplier of networks whose widths a paper fixes. */
import { z } from 'zod'
import { UserError } from '../errors.js'

/** 1 is the paper's network; 0.25 has a quarter of its channels and units. */
export const widthMultiplier = z.number().positive().default(1)

/** @throws UserError if the product is no whole number */
export function scaled(width: number, multiplier: number): number {
  const product = width * multiplier
  if (Number.isInteger(product) && product >= 1) return product
  throw new UserError(
    `A widthMultiplier of ${multiplier} makes ${product} of ${width} channels; give one that leaves whole numbers, such as 0.25.`,
  )
}
