import proto from 'onnx-proto';
import type { Attribute, Constant, Dimension, Graph, Node, Value } from '../graph/graph.ts';

const { onnx } = proto;

/** Opset 17 and IR 8 (2022): read by every ONNX Runtime since 1.12, which exported models should run in. */
const OPSET = 17;
const IR_VERSION = 8;

/** The graph as the bytes of an ONNX file; inputs and outputs by their names, the batch as the dimension `batch`. */
export function encodeOnnxModel(graph: Graph): Uint8Array {
  const model = onnx.ModelProto.create({
    irVersion: IR_VERSION,
    producerName: 'forewarn',
    opsetImport: [{ domain: '', version: OPSET }],
    graph: encodeGraph(graph, 'network'),
  });
  return onnx.ModelProto.encode(model).finish();
}

function encodeGraph(graph: Graph, name: string): proto.onnx.IGraphProto {
  const produced = new Set(graph.nodes.flatMap(({ outputs }) => outputs));
  const naming: proto.onnx.NodeProto[] = [];
  const outputs = graph.outputs.map(({ name: wanted, value }) => {
    // A body's outputs go by position. Under its own name the step writes a value where it belongs, without a copy.
    if (graph.parent !== null && produced.delete(value)) return encodeValue(value.id, value);
    naming.push(onnx.NodeProto.create({ opType: 'Identity', input: [value.id], output: [wanted] }));
    return encodeValue(wanted, value);
  });
  return {
    name,
    node: [...graph.nodes.map(encodeNode), ...naming],
    initializer: graph.constants.map(encodeConstant),
    input: graph.inputs.map((input) => encodeValue(input.id, input)),
    output: outputs,
  };
}

function encodeNode(node: Node) {
  const attribute = Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value));
  const { body } = node;
  if (body !== null)
    attribute.push({
      name: 'body',
      type: onnx.AttributeProto.AttributeType.GRAPH,
      g: encodeGraph(body, 'body'),
    });
  return onnx.NodeProto.create({
    opType: node.operator,
    input: node.inputs.map(({ id }) => id),
    output: node.outputs.map(({ id }) => id),
    attribute,
  });
}

function encodeAttribute(name: string, attribute: Attribute): proto.onnx.IAttributeProto {
  const { AttributeType } = onnx.AttributeProto;
  if (typeof attribute === 'number') return { name, type: AttributeType.INT, i: attribute };
  if (typeof attribute === 'string')
    return { name, type: AttributeType.STRING, s: new TextEncoder().encode(attribute) };
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
