/** Models: named parameters and a function of them. */
export { dropoutDraws, dropoutInputs } from './dropout.js'
export { type Flops, forwardFlops } from './flops.js'
export { glorotNormal, initialise, initialWeights, kaimingNormal } from './initialise.js'
export { type MlpOptions, mlp, mlpOptionsSchema } from './mlp.js'
export {
  type DropoutSite,
  type Initializer,
  type Model,
  type ModelMode,
  type ModelOutputs,
  type ParameterSpec,
  type PrunablePolicy,
  parameterCount,
  prunableParameters,
  sizeOf,
  type TensorRecord,
  type Weights,
} from './model.js'
export { type ModelName, model, modelNames } from './registry.js'
