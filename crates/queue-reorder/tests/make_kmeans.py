"""Makes kmeans.json: scikit-learn's KMeans (1.9.1) on the digits, `fixtures/digits.csv`.

    python make_kmeans.py
"""
import csv
import json
import pathlib

import numpy as np
from sklearn.cluster import KMeans

here = pathlib.Path(__file__).parent
with open(here.parents[2] / "fixtures" / "digits.csv", newline="") as f:
    rows = list(csv.reader(f))[1:]
x = np.array([[float(v) for v in row[2:]] for row in rows], dtype=np.float32)

cases = []
for k in (2, 10, 30, 89):
    model = KMeans(n_clusters=k, n_init=10, random_state=42).fit(x)
    # Numbered by their first rows, as ours are.
    number = {}
    labels = [number.setdefault(int(c), len(number)) for c in model.labels_]
    case = {"k": k, "inertia": round(float(model.inertia_), 3)}
    if k == 10:
        case["labels"] = "".join(map(str, labels))
    cases.append(case)
(here / "kmeans.json").write_text(json.dumps({"sklearn": "1.9.1", "cases": cases}, indent=1) + "\n")
