"""
Speech recordings of 42 patients
================================

About 140 voice recordings of each of 42 people with Parkinson's disease, and a score of how the
disease impairs their movement (Tsanas, Little, McSharry and Ramig 2010).  How well can the score be
told from the voice?

That depends on whose voice it is.  Leave out one recording, and the other 139 of the same person
are still there: the answer is about a person whom the model knows.  Leave out all recordings of a
person, by giving ``groups`` to ``fit``, and the answer is about a new one: here the voice tells
nothing, and the mean score is the better prediction.

Measured by keeping a third of the people out of everything, many times.
"""

import sys
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.model_selection import GroupShuffleSplit
from sklearn.preprocessing import StandardScaler

from sk_renorm import TheoryGuidedRidgeCV

with np.load(Path(sys.argv[0]).parent / "data" / "parkinsons.npz") as data:
    X, y, patient = (data[name] for name in ("X", "motor_updrs", "patient"))
X = StandardScaler().fit_transform(X.astype(float))
y = y.astype(float)

# %%
# One fit each
# ------------
# The first of them warns that rows predict their neighbours, unless told that their order means
# nothing.

by_recording = TheoryGuidedRidgeCV(sample_correlation="independent").fit(X, y)
by_patient = TheoryGuidedRidgeCV().fit(X, y, groups=patient)
for name, model in (("a recording", by_recording), ("a patient", by_patient)):
    print(
        f"{name:12s} left out: alpha {model.alpha_:8.3g}, df {model.effective_df_:4.1f}, "
        f"risk {model.risk_:.1f} +- {model.risk_std_error_:.1f}"
    )
print(f"variance of the score: {y.var():.1f}")

# %%
# People whom the model has not heard
# -----------------------------------

alphas = np.geomspace(1e-2, 1e7, 46)
curves = {"a recording left out": [], "a patient left out": [], "new patients": []}
chosen = {"a recording left out": [], "a patient left out": []}
splits = GroupShuffleSplit(25, test_size=1 / 3, random_state=0).split(X, y, patient)
for known, new in splits:
    for name, groups in (("a recording left out", None), ("a patient left out", patient[known])):
        path = TheoryGuidedRidgeCV(
            alphas, sample_correlation="independent" if groups is None else None
        )
        path.fit(X[known], y[known], groups=groups)
        curves[name].append(path.report_.path.risk)
        chosen[name].append((path.risk_, np.mean((y[new] - path.predict(X[new])) ** 2)))
    s, V = np.linalg.eigh(np.cov(X[known].T, bias=True) * len(known))
    moments = V.T @ (X[known] - X[known].mean(axis=0)).T @ (y[known] - y[known].mean())
    scores = (X[new] - X[known].mean(axis=0)) @ V
    errors = y[new, None] - y[known].mean() - scores @ (moments[:, None] / (s[:, None] + alphas))
    curves["new patients"].append(np.mean(errors**2, axis=0))

fig, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", width_ratios=(3, 2))
colours = {"a recording left out": "C1", "a patient left out": "C0", "new patients": "0.3"}
for name, values in curves.items():
    axes[0].semilogx(alphas, np.mean(values, axis=0), color=colours[name], label=name, lw=2)
axes[0].set_xlabel("alpha")
axes[0].set_ylabel("mean squared error")
axes[0].set_ylim(40.0, 110.0)
axes[0].legend(frameon=False)
for place, (name, values) in enumerate(chosen.items()):
    claimed, found = np.mean(values, axis=0)
    axes[1].bar(place - 0.2, claimed, 0.38, color=colours[name])
    axes[1].bar(place + 0.2, found, 0.38, color="0.6")
    axes[1].text(
        place - 0.2, claimed + 1, f"claimed\n{claimed:.0f}", ha="center", va="bottom", size=9
    )
    axes[1].text(place + 0.2, found + 1, f"found\n{found:.0f}", ha="center", va="bottom", size=9)
    print(f"{name}: claimed {claimed:.1f}, on new patients {found:.1f}")
axes[1].set_xticks([0, 1], list(chosen))
axes[1].set_ylim(0.0, 1.35 * max(np.mean(values, axis=0)[1] for values in chosen.values()))
axes[1].set_ylabel("mean squared error")
plt.show()

# %%
# What was claimed:

wrong, right = (np.mean(values, axis=0) for values in chosen.values())
assert wrong[0] / wrong[1] < 0.75
assert 0.9 < right[0] / right[1] < 1.15
assert right[1] < wrong[1]
