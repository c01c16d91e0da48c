"""Records metrics of random predictions as scikit-learn computes them.

    python Tools/data/metric_references.py > Tests/KobaiDataTests/Resources/metric-references.json
"""

import json

import numpy
import sklearn
from sklearn import metrics

random = numpy.random.default_rng(0)
classification = []
for count, classes in ((60, 4), (7, 3), (40, 2), (25, 6)):
    scores = random.normal(size=(count, classes)).round(3)
    targets = random.integers(0, classes, count)
    if classes == 6:
        targets[targets == 5] = 0  # a class that never occurs
    predicted = scores.argmax(axis=1)
    labels = list(range(classes))
    p, r, f, _ = metrics.precision_recall_fscore_support(
        targets, predicted, labels=labels, zero_division=0)
    classification.append(dict(
        classes=classes, scores=scores.tolist(), targets=targets.tolist(),
        matrix=metrics.confusion_matrix(targets, predicted, labels=labels).tolist(),
        accuracy=metrics.accuracy_score(targets, predicted), precision=p.tolist(),
        recall=r.tolist(), f1=f.tolist(),
        top=[metrics.top_k_accuracy_score(targets, scores, k=k, labels=labels)
             for k in range(1, classes + 1)] if classes > 2 else []))
regression = []
for count in (1, 5, 100):
    predictions = random.normal(size=count).round(3)
    targets = random.normal(size=count).round(3)
    regression.append(dict(
        predictions=predictions.tolist(), targets=targets.tolist(),
        mse=metrics.mean_squared_error(targets, predictions),
        mae=metrics.mean_absolute_error(targets, predictions),
        r2=metrics.r2_score(targets, predictions) if count > 1 else None))
print(json.dumps(dict(
    sklearn=sklearn.__version__, classification=classification, regression=regression),
    separators=(",", ":")))
