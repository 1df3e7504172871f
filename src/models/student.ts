import { ForewarnError } from '../errors.ts';
import { parameterCount } from './engine/flat-weights.ts';
import { fitNetwork } from './fit.ts';
import { type Model, predictorsOf, type StudentCard } from './model.ts';
import { normalResiduals, scoresFrom, windowsAt } from './normal-residuals.ts';
import { pruneUnits } from './pruning.ts';
import { rankCorrelation } from './rank-correlation.ts';
import type { LstmAutoencoderSpec } from './spec.ts';
import { measureSpeedUp } from './speed-up.ts';
import {
  completeModel,
  type SplitWindows,
  splitWindows,
  type TrainingContext,
  type TrainingOrder,
} from './trainer.ts';

/** The speed-up is measured on batches of this many windows. */
const speedBatch = 256;

/**
 * Makes a small copy of a trained LSTM autoencoder, with `order.student` hidden units: the teacher's heaviest units,
 * fitted on what the teacher makes of the training windows (Hinton 2015, "Distilling the knowledge in a neural
 * network"). Measured from 64 to 16 units, that start, and the teacher's output as target in the place of the data, each
 * bring its scores nearer to the teacher's on average. Scaling is the teacher's; calibration and threshold are its own, so
 * that it is a model like any other.
 * `order` is the teacher's. Throws STUDENT_IMPOSSIBLE for a teacher of another kind or one that is not larger, or what
 * `train` throws.
 */
export async function trainStudent(
  order: TrainingOrder,
  teacher: Model,
  context: TrainingContext,
): Promise<Model> {
  const startedAt = context.clock();
  const split = splitWindows(order);
  const { scaling } = teacher;
  const { spec, weights: start } = pruneUnits(
    teachableSpec(teacher, order.student),
    teacher.weights,
    order.student,
  );
  const lessons = await context.engine.createScoring({
    spec: teacher.card.spec,
    weights: teacher.weights,
    // Fitting works in scaled units: nothing is left to scale.
    scaling: { ...scaling, center: scaling.center.map(() => 0), scale: scaling.scale.map(() => 1) },
  });
  try {
    const fitted = await fitNetwork(
      {
        ...order,
        ...split,
        spec,
        scaling,
        start,
        targetOf: (windows, batch) => lessons.reconstruct(windows, batch),
      },
      context,
    );
    const student = await completeModel(order, { spec, scaling, split, fitted, startedAt }, context);
    const comparison = await compareToTeacher(order, student, teacher, split, context);
    return { ...student, card: { ...student.card, student: comparison } };
  } finally {
    await lessons.dispose();
  }
}

function teachableSpec({ card: { spec, id } }: Model, hidden: number): LstmAutoencoderSpec {
  if (spec.kind === 'lstm_autoencoder' && hidden >= 1 && hidden < spec.hidden) return spec;
  throw new ForewarnError(
    'STUDENT_IMPOSSIBLE',
    `No student of ${hidden} hidden units can be made of ${id}, a ${spec.kind} of ${spec.hidden}.`,
    { hint: 'Set train.student below train.hidden, for an lstm_autoencoder.' },
  );
}

async function compareToTeacher(
  order: TrainingOrder,
  student: Model,
  teacher: Model,
  split: SplitWindows,
  { engine }: TrainingContext,
): Promise<StudentCard> {
  const network = ({ card: { spec }, weights, scaling }: Model) => ({ spec, weights, scaling });
  // The sources beside the network are the same in both: where they lead, the two agree whatever the student learned.
  const heldOutScores = async (model: Model): Promise<number[]> => {
    const predictors = { ...predictorsOf(model), linear: [] };
    const detectors = model.calibration.detectors.filter(({ source }) => source === 'network');
    return scoresFrom(await normalResiduals(order, engine, predictors), 1 - order.holdout, { detectors });
  };
  const starts = Array.from({ length: speedBatch }, (_, i) => split.fit[i % split.fit.length]);
  return {
    teacher: teacher.card.id,
    hidden: order.student,
    parameters: parameterCount(student.card.spec),
    teacherParameters: parameterCount(teacher.card.spec),
    heldOutLoss: Math.min(...student.card.training.heldOutLoss),
    teacherHeldOutLoss: Math.min(...teacher.card.training.heldOutLoss),
    scoreAgreement: rankCorrelation(await heldOutScores(student), await heldOutScores(teacher)),
    speedUp: await measureSpeedUp(
      engine,
      network(student),
      network(teacher),
      windowsAt(order, starts, order.channels.length),
      speedBatch,
    ),
  };
}
