/** Configurations: JSON values, and checking what users give. */
export { canonicalJson, type Json, type JsonObject } from './json.js'
export { parseConfig } from './parse.js'
