"""What SciPy says of pairs of samples: one JSON object per line in, one out."""
import json, sys
import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import ks_2samp, wasserstein_distance

for line in sys.stdin:
    case = json.loads(line)
    ref, cur, bins = np.array(case["ref"]), np.array(case["cur"]), case["bins"]
    edges = np.unique(np.quantile(ref, np.linspace(0, 1, bins + 1)[1:-1]))
    share = lambda x: np.bincount(np.searchsorted(edges, x, side="right"), minlength=len(edges) + 1) / len(x)
    p, q = share(ref), share(cur)
    a, b = np.clip(p, 1e-4, None), np.clip(q, 1e-4, None)
    deviation = np.std(ref)
    print(json.dumps({
        "POPULATION_STABILITY_INDEX": float(((b - a) * np.log(b / a)).sum()),
        "JENSEN_SHANNON": float(jensenshannon(p, q, 2)),
        "KOLMOGOROV_SMIRNOV": float(ks_2samp(ref, cur).statistic),
        "WASSERSTEIN": float(wasserstein_distance(ref, cur) / (deviation if deviation > 0 else 1)),
        "L_INFINITY": float(np.abs(p - q).max()),
        "DIFFERENCE_OF_MEANS": float(abs(cur.mean() - ref.mean())),
    }))
