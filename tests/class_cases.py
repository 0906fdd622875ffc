"""Labels and scores with ties, weights and a class without examples; scikit-learn 1.9.1 gave figures."""

import numpy as np

_I = np.arange(60)
LABELS = np.array([0, 1, 2, 3, 1, 0, 2, 3, 3, 3])[_I % 10]
PREDICTED = np.where(_I % 5 < 3, LABELS, (_I * _I + _I // 3) % 5)
WEIGHTS = (_I * 5 % 8) / 4
SCORES = (_I[:, None] * np.array([3, 5, 7, 11]) + _I[:, None] ** 2 % 13) % 9 + 1.0
SCORES[_I, LABELS] += 4 * (_I % 3 > 0)
SCORES /= SCORES.sum(axis=1, keepdims=True)
YES = (_I * _I % 7 > 2).astype(int)
CHANCES = ((_I * _I * 3 + 5 * YES * (_I % 4)) % 11) / 10
