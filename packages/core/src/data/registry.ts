/** All data sets, by name. A new one is a file with its definition and a line here. */
import { UserError } from '../errors.js'
import { cifar10, cifar10Jpeg, cifar100 } from './cifar.js'
import { cifar10a, cifar10b, cifar10JpegA, cifar10JpegB, fashionMnistRgb } from './derived.js'
import { fashionMnist, fashionMnistExtract, mnist } from './mnist.js'
import { svhn } from './svhn.js'
import { synthetic } from './synthetic.js'
import type { DatasetDefinition, DatasetInfo } from './types.js'

export const definitions: readonly DatasetDefinition[] = [
  mnist, //
  fashionMnist,
  fashionMnistExtract,
  fashionMnistRgb,
  cifar10,
  cifar10a,
  cifar10b,
  cifar100,
  cifar10Jpeg,
  cifar10JpegA,
  cifar10JpegB,
  svhn,
  synthetic,
]

export const datasetNames: readonly string[] = definitions.map(({ info }) => info.name)

/** @throws UserError for a name that is not registered */
export function definitionOf(name: string): DatasetDefinition {
  const found = definitions.find((definition) => definition.info.name === name)
  if (found === undefined) {
    throw new UserError(`There is no data set "${name}"; choose one of ${datasetNames.join(', ')}.`)
  }
  return found
}

/**
 * What is known of a data set without loading it: shape, classes, counts and the hash of its decoded content.
 *
 * @throws UserError for a name that is not registered
 */
export function datasetInfo(name: string): DatasetInfo {
  return definitionOf(name).info
}
