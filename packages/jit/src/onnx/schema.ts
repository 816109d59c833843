/** The part of the ONNX protobuf schema that we write: field numbers are ONNX's, everything else is left out. */
import protobuf from 'protobufjs'

const field = (type: string, id: number, rule?: 'repeated') => (rule ? { type, id, rule } : { type, id })

const root = protobuf.Root.fromJSON({
  nested: {
    Dim: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } },
    TensorShape: { fields: { dim: field('Dim', 1, 'repeated') } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('TensorShape', 2) } },
    SequenceType: { fields: { elemType: field('Type', 1) } },
    Type: { fields: { tensorType: field('TensorType', 1), sequenceType: field('SequenceType', 4) } },
    ValueInfo: { fields: { name: field('string', 1), type: field('Type', 2) } },
    Tensor: {
      fields: {
        dims: field('int64', 1, 'repeated'),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
      },
    },
    Attribute: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        t: field('Tensor', 5),
        g: field('Graph', 6),
        floats: field('float', 7, 'repeated'),
        ints: field('int64', 8, 'repeated'),
        type: field('int32', 20),
      },
    },
    Node: {
      fields: {
        input: field('string', 1, 'repeated'),
        output: field('string', 2, 'repeated'),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: field('Attribute', 5, 'repeated'),
        domain: field('string', 7),
      },
    },
    Graph: {
      fields: {
        node: field('Node', 1, 'repeated'),
        name: field('string', 2),
        initializer: field('Tensor', 5, 'repeated'),
        input: field('ValueInfo', 11, 'repeated'),
        output: field('ValueInfo', 12, 'repeated'),
      },
    },
    Opset: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    Model: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        graph: field('Graph', 7),
        opsetImport: field('Opset', 8, 'repeated'),
      },
    },
  },
})

/** ONNX's numbers for element types. */
export const elementTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float64: 11 } as const
export type ElementType = keyof typeof elementTypes

/** ONNX's numbers for attribute types. */
export const attributeTypes = { f: 1, i: 2, s: 3, t: 4, g: 5, floats: 6, ints: 7 } as const

/** Serialises a plain object that has the shape of an ONNX ModelProto. */
export function encodeModel(model: object): Uint8Array {
  const Model = root.lookupType('Model')
  return Model.encode(Model.fromObject(model)).finish()
}
