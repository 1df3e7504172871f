// Saves, promotes, writes down and prunes version after version of class pump until it is killed, and prints the number
// of each once it is in use. Arguments: the folder of the built code, and the registry's folder, which has a champion.
const [code, directory] = process.argv.slice(2);
const { createRegistry } = await import(`${code}/models/registry.js`);
const { createLifeLog } = await import(`${code}/models/retraining/life-log.js`);
const registry = createRegistry(directory);
const life = createLifeLog(directory);
const { card, ...rest } = registry.champion('pump');
for (;;) {
  const number = registry.nextNumber('pump');
  const id = `pump-${number}-${card.hash.slice(0, 8)}`;
  registry.save({ ...rest, card: { ...card, number, id } });
  life.add('pump', {
    at: number,
    kind: 'shadowing',
    model: id,
    reason: 'better',
    sentence: 'It is.',
    by: null,
  });
  registry.promote('pump', id);
  life.add('pump', {
    at: number,
    kind: 'promoted',
    model: id,
    reason: 'better',
    sentence: 'It is.',
    by: null,
  });
  registry.prune('pump', 2);
  process.stdout.write(`${number}\n`);
}
