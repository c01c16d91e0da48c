import Kobai

let trainingSteps = [
  scalarStep, perceptronStep, convolutionalStep, residualStep, transformerStep, recurrentStep,
]
