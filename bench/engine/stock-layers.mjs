/**
 * The network in stock layers, behind the part of the engine's port that is measured. It computes the same: sigmoid
 * gates instead of the layer's default hard sigmoid, which is slower, and the same weights. It gives less: no scaling and
 * no residuals.
 */
export function createStockEngine(tf) {
  return {
    async createScoring({ spec, weights }) {
      const model = buildModel(tf, spec, weights);
      const runBy = (method) => async (windows, batch) => {
        const input = tensorOf(tf, spec, windows, batch);
        const output = model[method](input);
        const data = await output.data();
        input.dispose();
        output.dispose();
        return data;
      };
      const whole = runBy('predictOnBatch');
      return {
        score: whole,
        reconstruct: whole,
        /** As the documentation has it, which takes 32 windows at a time. */
        scoreByDefault: runBy('predict'),
        dispose: async () => void model.dispose(),
      };
    },
    async createTraining({ spec, weights }) {
      const model = buildModel(tf, spec, weights);
      model.compile({ optimizer: tf.train.adam(1e-3), loss: 'meanSquaredError' });
      return {
        async step(input, target, batch) {
          const x = tensorOf(tf, spec, input, batch);
          const y = tensorOf(tf, spec, target, batch);
          const loss = await model.trainOnBatch(x, y);
          x.dispose();
          y.dispose();
          return loss;
        },
        dispose: async () => void model.dispose(),
      };
    },
  };
}

function buildModel(tf, { window, channels, hidden }, weights) {
  // All starting values are replaced; stock orthogonal ones alone would take seconds.
  const start = { kernelInitializer: 'zeros', recurrentInitializer: 'zeros', recurrentActivation: 'sigmoid' };
  const model = tf.sequential();
  model.add(tf.layers.lstm({ units: hidden, inputShape: [window, channels], ...start }));
  model.add(tf.layers.repeatVector({ n: window }));
  model.add(tf.layers.lstm({ units: hidden, returnSequences: true, ...start }));
  model.add(tf.layers.timeDistributed({ layer: tf.layers.dense({ units: channels }) }));
  const lstm = (name) =>
    ['input', 'recurrent', 'bias'].map((part) => layerGates(weights[`${name}.${part}`], hidden));
  const parts = [...lstm('encoder'), ...lstm('decoder'), weights['output.kernel'], weights['output.bias']];
  const tensors = parts.map(({ shape, data }) => tf.tensor(data, shape));
  model.setWeights(tensors);
  tf.dispose(tensors);
  return model;
}

/** From the gate order i f o g of our columns to the layer's i f g o. */
function layerGates({ shape, data }, hidden) {
  const order = [0, 1, 3, 2];
  const moved = data.map((_, index) => {
    const column = index % (4 * hidden);
    return data[index - column + order[Math.floor(column / hidden)] * hidden + (column % hidden)];
  });
  return { shape, data: moved };
}

function tensorOf(tf, { window, channels }, windows, batch) {
  return tf.tensor3d(windows.subarray(0, batch * window * channels), [batch, window, channels]);
}
