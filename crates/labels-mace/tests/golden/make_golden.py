"""Writes golden.json: what other programs say about small made-up annotations, published examples and, if the folder
is given, the data sets of MACE.

    pip install crowd-kit==1.4.2 krippendorff==0.9.0 scikit-learn==1.5.2 irrCAC==0.4.4
    python make_golden.py [FOLDER with example.csv, example.key, temporal.csv, temporal.key]
"""

import json
import pathlib
import sys
import warnings

import irrCAC.raw
import krippendorff
import numpy as np
import pandas as pd
from crowdkit.aggregation import GLAD, DawidSkene, MajorityVote, Wawa
from sklearn.metrics import cohen_kappa_score

warnings.filterwarnings("ignore")
HERE = pathlib.Path(__file__).parent


def made_up(seed, items, annotators, labels, share):
    """Annotators of different ability, one of them biased, items of different difficulty, votes missing."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)
    ability = rng.uniform(0.25, 0.95, annotators)
    ease = rng.uniform(0.5, 1.0, items)
    votes = []
    for i in range(items):
        for a in range(annotators):
            if rng.random() > share:
                continue
            if a == 0 and rng.random() < 0.5:
                label = 0
            elif rng.random() < ability[a] * ease[i]:
                label = truth[i]
            else:
                label = rng.integers(0, labels)
            votes.append((f"i{i:03}", f"a{a:02}", f"l{label}"))
    return votes


def matrix(frame, index, columns):
    return frame.reindex(index=index, columns=columns).fillna(0.0).values.tolist()


def models(votes, key=None, every=1):
    """What crowd-kit finds. `key`: right labels by task."""
    data = pd.DataFrame(votes, columns=["task", "worker", "label"])
    tasks = list(pd.unique(data.task))
    workers = sorted(data.worker.unique())
    labels = sorted(data.label.unique())
    shown = tasks[::every]
    out = {"tasks": tasks, "workers": workers, "labels": labels, "every": every}

    def accuracy(found):
        return None if key is None else float(np.mean([found[t] == key[t] for t in tasks]))

    majority = MajorityVote().fit_predict_proba(data)
    out["majority"] = matrix(majority, shown, labels)
    wawa = Wawa().fit(data)
    out["wawa"] = {
        "weights": wawa.skills_.reindex(workers).tolist(),
        "posterior": matrix(wawa.predict_proba(data), shown, labels),
        "accuracy": accuracy(wawa.predict(data)),
    }
    out["dawid_skene"] = []
    for n in (1, 5, 30):
        # A tolerance that is never met.
        ds = DawidSkene(n_iter=n, tol=-1e9).fit(data)
        errors = ds.errors_.reset_index()
        confusion = {}
        for row in errors.itertuples():
            for truth in labels:
                confusion.setdefault(row.worker, {}).setdefault(truth, {})[row.label] = float(errors.loc[row.Index, truth])
        out["dawid_skene"].append({
            "iterations": n,
            "posterior": matrix(ds.probas_, shown, labels),
            "priors": ds.priors_.reindex(labels).tolist(),
            "confusion": {w: confusion[w] for w in workers[:3]},
            "accuracy": accuracy(ds.labels_),
        })
    default = DawidSkene().fit(data)
    out["dawid_skene_default"] = {"iterations": len(default.loss_history_), "accuracy": accuracy(default.labels_)}
    # What crowd-kit watches may fall, so that a tolerance ends it early: on the set "example", after two iterations.
    glad = GLAD(n_iter=120, tol=-1e9, m_step_tol=1e-7 if key is None else 1e-5, m_step_max_iter=100).fit(data)
    out["glad"] = {
        "abilities": glad.alphas_.reindex(workers).tolist(),
        "log_ease": glad.betas_.reindex(shown).tolist(),
        "posterior": matrix(glad.probas_, shown, labels),
        "accuracy": accuracy(glad.labels_),
    }
    if key is not None:
        # Much of what one can say about the large sets is said.
        for name in ("majority", "tasks"):
            out.pop(name)
        out["glad_default_accuracy"] = accuracy(GLAD().fit(data).labels_)
    return out


def mace_set(folder, name):
    votes = []
    key = {}
    rows = (folder / f"{name}.csv").read_text().splitlines()
    for i, (row, right) in enumerate(zip(rows, (folder / f"{name}.key").read_text().splitlines())):
        key[f"{i + 1:04}"] = right.strip()
        for a, label in enumerate(row.split(",")):
            if label.strip():
                votes.append((f"{i + 1:04}", f"{a + 1:03}", label.strip()))
    return models(votes, key, every=11)


def agreement():
    out = {}
    nan = np.nan
    # Krippendorff 2011, "Computing Krippendorff's Alpha-Reliability", example C and D.
    published = [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, nan, nan, nan],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, nan, 3],
        [nan, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, nan],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, nan],
    ]
    rng = np.random.default_rng(5)
    base = rng.integers(0, 7, 40)
    noisy = np.array([np.clip(base + rng.integers(-1, 2, 40), 0, 9) for _ in range(5)], dtype=float)
    noisy[rng.random(noisy.shape) < 0.3] = nan
    out["krippendorff"] = []
    for data in (np.array(published), noisy):
        levels = {}
        for level in ("nominal", "ordinal", "interval", "ratio"):
            levels[level] = float(krippendorff.alpha(reliability_data=data, level_of_measurement=level))
        rows = [[None if np.isnan(v) else int(v) for v in row] for row in data]
        out["krippendorff"].append({"rows": rows, "alpha": levels})

    # Fleiss 1971 as in the usual textbook table: ten items, fourteen votes, five labels.
    table = [
        [0, 0, 0, 0, 14], [0, 2, 6, 4, 2], [0, 0, 3, 5, 6], [0, 3, 9, 2, 0], [2, 2, 8, 1, 1],
        [7, 7, 0, 0, 0], [3, 2, 6, 3, 0], [2, 5, 3, 2, 2], [6, 5, 2, 1, 0], [0, 2, 2, 3, 7],
    ]
    out["fleiss_table"] = table
    out["fleiss_unequal"] = float(irrCAC.raw.CAC(pd.DataFrame(noisy.T)).fleiss()["est"]["coefficient_value"])
    agree = np.array([np.bincount(col[~np.isnan(col)].astype(int), minlength=10) for col in noisy.T])
    sizes = agree.sum(axis=1)
    p = (agree[sizes > 0] / sizes[sizes > 0, None]).mean(axis=0)
    several = agree[sizes > 1]
    m = several.sum(axis=1)
    observed = ((several * (several - 1)).sum(axis=1) / (m * (m - 1))).mean()
    out["fleiss_unequal_by_hand"] = float((observed - (p**2).sum()) / (1 - (p**2).sum()))

    pairs = []
    labels = sorted(set(noisy[~np.isnan(noisy)].astype(int)))
    for a in range(5):
        for b in range(a + 1, 5):
            both = ~np.isnan(noisy[a]) & ~np.isnan(noisy[b])
            x, y = noisy[a][both].astype(int), noisy[b][both].astype(int)
            kappa = {str(w): float(cohen_kappa_score(x, y, labels=labels, weights=w)) for w in (None, "linear", "quadratic")}
            pairs.append({"pair": [a, b], "items": int(both.sum()), "kappa": kappa})
    out["cohen"] = pairs
    return out


def rounded(value):
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, list):
        return [rounded(v) for v in value]
    return value


def main():
    golden = {"agreement": agreement(), "models": []}
    for seed, items, annotators, labels, share in ((1, 40, 8, 3, 0.7), (2, 60, 15, 4, 0.35)):
        votes = made_up(seed, items, annotators, labels, share)
        golden["models"].append({"votes": votes, **models(votes)})
    path = HERE / "golden.json"
    if len(sys.argv) > 1:
        golden["mace"] = {name: mace_set(pathlib.Path(sys.argv[1]), name) for name in ("example", "temporal")}
    path.write_text(json.dumps(rounded(golden), separators=(",", ":")) + "\n")
    print(path, path.stat().st_size, "bytes")
    print(json.dumps(golden["agreement"]["krippendorff"][0]["alpha"]), golden["agreement"]["fleiss_unequal"], golden["agreement"]["fleiss_unequal_by_hand"])


main()
