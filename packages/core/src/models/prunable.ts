/** Which weights a mask may cover. */
import { UserError } from '../errors.js'
import type { Model, ParameterSpec, PrunablePolicy } from './model.js'

export const prunablePolicies = ['kernels', 'convolutions', 'weights-and-biases'] as const satisfies PrunablePolicy[]

export function covers(
  policy: PrunablePolicy,
  { role, kind, shortcut }: Pick<ParameterSpec, 'role' | 'kind' | 'shortcut'>,
): boolean {
  switch (policy) {
    case 'kernels':
      return role === 'kernel'
    case 'convolutions':
      return role === 'kernel' && kind === 'conv' && shortcut !== true
    case 'weights-and-biases':
      return role === 'kernel' || role === 'bias'
  }
}

/**
 * The model whose masks cover what the policy says; the model itself, if there is no policy or it has that one.
 *
 * @throws UserError if nothing would be left to prune
 */
export function withPrunable(model: Model, policy?: PrunablePolicy): Model {
  if (policy === undefined || policy === (model.prunablePolicy ?? 'kernels')) return model
  const parameters = model.parameters.map((parameter) => ({ ...parameter, prunable: covers(policy, parameter) }))
  if (!parameters.some(({ prunable }) => prunable)) {
    throw new UserError(`Model ${model.name} has nothing to prune under the policy "${policy}"; use "kernels".`)
  }
  return { ...model, config: { ...model.config, prunable: policy }, prunablePolicy: policy, parameters }
}
