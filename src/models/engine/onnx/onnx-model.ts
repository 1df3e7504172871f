import proto from 'onnx-proto';
import type { Attribute, Constant, Dimension, Graph, Node, Value } from '../graph/graph.ts';

const { onnx } = proto;

/** Opset 17 and IR 8 (2022): read by every ONNX Runtime since 1.12, which exported models should run in. */
const OPSET = 17;
const IR_VERSION = 8;
const CONTRIBUTED_DOMAIN = 'com.microsoft';

/** The graph as the bytes of an ONNX file; inputs and outputs by their names, the batch as the dimension `batch`. */
export function encodeOnnxModel(graph: Graph): Uint8Array {
  // Outputs get their public names through an Identity, which the runtime removes again.
  const naming = graph.outputs.map(({ name, value }) =>
    onnx.NodeProto.create({ opType: 'Identity', input: [value.id], output: [name] }),
  );
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'forewarn',
    opsetImport: [
      { domain: '', version: OPSET },
      { domain: CONTRIBUTED_DOMAIN, version: 1 },
    ],
    graph: {
      name: 'network',
      node: [...graph.nodes.map(encodeNode), ...naming],
      initializer: graph.constants.map(encodeConstant),
      input: graph.inputs.map((input) => encodeValue(input.id, input)),
      output: graph.outputs.map(({ name, value }) => encodeValue(name, value)),
    },
  });
  return onnx.ModelProto.encode(model).finish();
}

function encodeNode(node: Node) {
  return onnx.NodeProto.create({
    opType: node.operator,
    domain: node.domain,
    input: node.inputs.map(({ id }) => id),
    output: node.outputs.map(({ id }) => id),
    attribute: Object.entries(node.attributes).map(([name, attribute]) => encodeAttribute(name, attribute)),
  });
}

function encodeAttribute(name: string, attribute: Attribute) {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof attribute === 'number') return { name, type: AttributeType.INT, i: attribute };
  if ('float' in attribute) return { name, type: AttributeType.FLOAT, f: attribute.float };
  return { name, type: AttributeType.INTS, ints: [...attribute] };
}

function encodeConstant({ value, data }: Constant) {
  const { DataType } = onnx.TensorProto;
  return {
    name: value.id,
    dims: value.shape.map(Number),
    dataType: data instanceof Float32Array ? DataType.FLOAT : DataType.INT64,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
  };
}

function encodeValue(name: string, { shape }: Value) {
  const dim = shape.map(encodeDimension);
  return { name, type: { tensorType: { elemType: onnx.TensorProto.DataType.FLOAT, shape: { dim } } } };
}

function encodeDimension(size: Dimension) {
  if (typeof size === 'number') return { dimValue: size };
  return { dimParam: size.batches === 1 ? 'batch' : `batch_${size.batches}` };
}
