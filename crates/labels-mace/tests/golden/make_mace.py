"""Traces of MACE from a fixed start, by the Python port of the original (dirkhovy/MACE, mace.py 0.5).

    python make_mace.py PATH/TO/mace.py > mace.json

Needs numpy and scipy. All restarts begin where nothing is known (a guess and knowing equally probable, all labels the
same), so that no random generator has to be shared. Likelihoods are those after 0, 1, 5 and 50 iterations.
"""

import importlib.util
import json
import sys
import tempfile

import numpy as np

spec = importlib.util.spec_from_file_location("mace", sys.argv[1])
mace = importlib.util.module_from_spec(spec)
sys.stderr = open("/dev/null", "w")
spec.loader.exec_module(mace)

POS = "NOUN,,,NOUN,PRON\nVERB,VERB,,VERB,\n\nADJ,,ADJ,,ADV\n,VERB,,VERB,ADV\nNOUN,,,NOUN,PRON\n"


def simulated(items, annotators, labels, share, seed):
    """Annotators of all competences, each with a habit, of whom each sees a share of the items."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, labels, items)
    competence = rng.uniform(0, 1, annotators)
    habits = rng.dirichlet(np.ones(labels), annotators)
    rows = []
    for i in range(items):
        row = []
        for a in range(annotators):
            if rng.uniform() >= share:
                row.append("")
            elif rng.uniform() < competence[a]:
                row.append(f"L{truth[i]}")
            else:
                row.append(f"L{rng.choice(labels, p=habits[a])}")
        rows.append(",".join(row))
    return "\n".join(rows) + "\n"


def trace(data, em=False, alpha=0.5, beta=0.5, controls=None, priors=None):
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as f:
        f.write(data)
        f.flush()
        m = mace.MACE(f.name)
    known = {i: m.string2int[c] for i, c in (controls or {}).items()}
    if priors:
        p = np.array([priors[l] for l in m.int2string], dtype=float)
        m.label_priors = p / p.sum()
    m.initialize(0.0, alpha, beta)
    m.e_step(known)
    likelihoods = {0: m.log_marginal_likelihood}
    for n in range(1, 51):
        m.m_step(0.01 / m.num_labels) if em else m.variational_m_step()
        m.e_step(known)
        if n in (1, 5, 50):
            likelihoods[n] = m.log_marginal_likelihood
    entropies = m.get_label_entropies()
    return {
        "data": data,
        "method": "em" if em else "vb",
        "alpha": alpha,
        "beta": beta,
        "controls": {str(i): c for i, c in (controls or {}).items()},
        "priors": priors,
        "log_likelihoods": likelihoods,
        "competence": m.spamming[:, 1].tolist(),
        "guesses": (m.thetas / m.thetas.sum(axis=1, keepdims=True)).tolist(),
        "labels": m.int2string,
        "predictions": m.decode(1.0),
        "sure_half": m.decode(0.5),
        "entropies": [e if np.isfinite(e) else None for e in entropies],
        "marginals": [
            (row / row.sum()).tolist() if row.sum() > 0 else None for row in m.gold_label_marginals
        ],
    }


small = simulated(40, 9, 4, 0.6, 7)
wide = simulated(6, 200, 3, 0.9, 8)
priors = {"NOUN": 30, "VERB": 30, "ADJ": 20, "ADV": 10, "PRON": 10}
traces = {
    "pos_vb": trace(POS),
    "pos_em": trace(POS, em=True),
    "pos_vb_alpha_2": trace(POS, alpha=2.0),
    "pos_vb_controls": trace(POS, controls={0: "PRON", 5: "NOUN"}),
    "pos_em_controls": trace(POS, em=True, controls={0: "PRON", 5: "NOUN", 3: "VERB"}),
    "pos_vb_priors": trace(POS, priors=priors),
    "pos_em_priors": trace(POS, em=True, priors=priors),
    "simulated_vb": trace(small),
    "simulated_em": trace(small, em=True),
    "simulated_vb_controls_priors": trace(
        small, beta=2.0, controls={1: "L2", 4: "L0", 9: "L1"}, priors={"L0": 1, "L1": 2, "L2": 3, "L3": 4}
    ),
    "wide_vb": trace(wide),
    "wide_em": trace(wide, em=True),
}
json.dump(traces, sys.stdout, separators=(",", ":"))
