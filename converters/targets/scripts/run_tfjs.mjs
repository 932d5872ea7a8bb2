// A TensorFlow.js graph model in Node: node run_tfjs.mjs NODE_MODULES MODEL.JSON
//
// Reads a request a line, answers a line. {} asks what was loaded; {inputs: {name: {file, shape,
// dtype}}, outputs: [names], folder} runs the model, and the outputs lie in files in the folder.
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";

const [modules, file] = process.argv.slice(2);
const require = createRequire(join(modules, "x.js"));
const quiet = console.warn;
console.warn = () => {}; // it asks for tfjs-node, which is not needed
const tf = require("@tensorflow/tfjs");
const wasm = require("@tensorflow/tfjs-backend-wasm");
wasm.setWasmPaths(join(modules, "@tensorflow/tfjs-backend-wasm/dist/"));

const TYPES = {
  float32: [Float32Array, "float32"],
  int32: [Int32Array, "int32"],
  int64: [BigInt64Array, "int32"],
  bool: [Uint8Array, "bool"],
};

function loaded() {
  const model = JSON.parse(readFileSync(file, "utf8"));
  const specs = model.weightsManifest.flatMap((group) => group.weights);
  const paths = model.weightsManifest.flatMap((group) => group.paths);
  const parts = paths.map((path) => readFileSync(join(dirname(file), path)));
  const all = Buffer.concat(parts);
  const data = all.buffer.slice(all.byteOffset, all.byteOffset + all.byteLength);
  return tf.loadGraphModel(
    tf.io.fromMemory({ ...model, weightSpecs: specs, weightData: data }),
  );
}

function tensor({ file: path, shape, dtype }) {
  const bytes = readFileSync(path);
  const [kind, name] = TYPES[dtype];
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  const values = new kind(buffer);
  return tf.tensor(dtype === "int64" ? Int32Array.from(values, Number) : values, shape, name);
}

async function started() {
  let kept;
  for (const backend of ["wasm", "cpu"]) {
    await tf.setBackend(backend);
    await tf.ready();
    kept = await loaded();
    const zeros = {};
    for (const input of kept.inputs) zeros[input.name] = tf.zeros(input.shape, input.dtype);
    try {
      await kept.executeAsync(zeros);
      return [kept, backend];
    } catch (error) {
      console.error(`${backend}: ${error.message}`);
      if (backend === "cpu") throw error;
    }
  }
}

function spelled(model, name) {
  const plain = (text) => text.replace(/:0$/, "").replace(/\W/g, "_");
  const signature = model.modelSignature;
  for (const side of ["inputs", "outputs"]) {
    for (const [key, value] of Object.entries(signature?.[side] ?? {})) {
      if (key === name || plain(key) === plain(name)) return value.name;
    }
  }
  throw new Error(`the model has no tensor ${name}`);
}

const [model, backend] = await started();
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  if (!request.inputs) {
    const version = { "@tensorflow/tfjs": tf.version.tfjs };
    console.log(JSON.stringify({ backend: `backend ${backend}`, versions: version }));
    continue;
  }
  const fed = {};
  for (const [name, described] of Object.entries(request.inputs)) {
    fed[spelled(model, name)] = tensor(described);
  }
  const wanted = request.outputs.map((name) => spelled(model, name));
  const made = await model.executeAsync(fed, wanted);
  const answer = {};
  const list = Array.isArray(made) ? made : [made];
  for (const [i, name] of request.outputs.entries()) {
    const path = join(request.folder, `out${i}.bin`);
    const values = await list[i].data();
    writeFileSync(path, Buffer.from(values.buffer, values.byteOffset, values.byteLength));
    answer[name] = { file: path, shape: list[i].shape, dtype: list[i].dtype };
  }
  tf.dispose([Object.values(fed), list]);
  console.log(JSON.stringify(answer));
}
