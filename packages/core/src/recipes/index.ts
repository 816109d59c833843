/** Recipes: optimizer, learning-rate schedule, number of steps. */
export { type Optimizer, optimizer, type StepScalars } from './optimizer.js'
export { type OptimizerConfig, type Recipe, type RecipeInput, recipe, recipeSchema } from './recipe.js'
export { learningRateAt } from './schedule.js'
