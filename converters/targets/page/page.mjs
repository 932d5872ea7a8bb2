// Runs the model of page.json on its picture, draws the output, and keeps the numbers for whoever
// drives the page in `window.answer`. What happens to the pixels is what the recipe says.
const wanted = await (await fetch("page.json")).json();
document.getElementById("name").textContent = wanted.name;
const said = document.getElementById("said");

// As Pillow makes grey of a colour: BT.601 in whole numbers.
const grey = (r, g, b) => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

const CHANNELS = {
  RGB: (r, g, b) => [r, g, b],
  BGR: (r, g, b) => [b, g, r],
  GRAY: (r, g, b) => [grey(r, g, b)],
};

const STEPS = {
  scale: (x, divisor) => (divisor === "image_max" ? x.div(x.max()) : x.div(divisor)),
  mean: (x, numbers) => x.sub(numbers),
  std: (x, numbers) => x.div(numbers),
  multiply: (x, numbers) => x.mul(numbers),
  add: (x, numbers) => x.add(numbers),
};

async function pixels(url) {
  const bitmap = await createImageBitmap(await (await fetch(url)).blob(), {
    colorSpaceConversion: "none",
  });
  const canvas = document.getElementById("picture");
  [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
  const values = [];
  for (let i = 0; i < data.length; i += 4) {
    values.push(...CHANNELS[wanted.color](data[i], data[i + 1], data[i + 2]));
  }
  const channels = values.length / (bitmap.width * bitmap.height);
  return tf.tensor(values, [bitmap.height, bitmap.width, channels], "float32");
}

function prepared(picture) {
  let values = picture;
  for (const [step, argument] of wanted.steps) {
    values = STEPS[step](values, Array.isArray(argument) ? tf.tensor1d(argument) : argument);
  }
  return values.expandDims(0);
}

function drawn(values, height, width) {
  const canvas = document.getElementById("mask");
  [canvas.width, canvas.height] = [width, height];
  const image = new ImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    const level = Math.round(255 * Math.min(1, Math.max(0, values[i])));
    image.data.set([level, level, level, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

try {
  tf.wasm.setWasmPaths("modules/@tensorflow/tfjs-backend-wasm/dist/");
  await tf.setBackend("wasm");
  await tf.ready();
  const model = await tf.loadGraphModel("model/model.json");
  const input = prepared(await pixels("picture.png"));
  const before = performance.now();
  const made = await model.executeAsync({ [model.inputs[0].name]: input }, wanted.tensor);
  const values = await made.data();
  const seconds = (performance.now() - before) / 1000;
  const [, height, width] = made.shape;
  if (made.shape.length === 4) drawn(values, height, width);
  said.textContent = `${wanted.output}, ${tf.getBackend()}, ${seconds.toFixed(2)} s`;
  window.answer = { shape: made.shape, values: Array.from(values), seconds };
} catch (error) {
  said.textContent = String(error);
  window.answer = { error: String(error?.stack ?? error) };
}
