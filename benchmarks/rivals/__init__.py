"""Other libraries that tune a ridge regression, behind one interface: see ``rivals.base``."""

from rivals.fastridge import FastridgeEM, FastridgeLOOCV
from rivals.glum import GlumCV
from rivals.himalaya import HimalayaKernelRidgeCV, HimalayaRidgeCV
from rivals.scikit_learn import ScikitGridSearchCV, ScikitRidgeCV

RIVALS = {
    rival.name: rival
    for rival in (
        ScikitRidgeCV,
        ScikitGridSearchCV,
        HimalayaRidgeCV,
        HimalayaKernelRidgeCV,
        FastridgeEM,
        FastridgeLOOCV,
        GlumCV,
    )
}
