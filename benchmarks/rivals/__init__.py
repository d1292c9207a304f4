"""Other libraries that tune a ridge regression, behind one interface: see ``base``."""

from benchmarks.rivals.fastridge import FastridgeEM, FastridgeLOOCV
from benchmarks.rivals.glum import GlumCV
from benchmarks.rivals.himalaya import HimalayaKernelRidgeCV, HimalayaRidgeCV
from benchmarks.rivals.intelex import IntelexRidge
from benchmarks.rivals.scikit_learn import ScikitGridSearchCV, ScikitRidgeCV

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
        IntelexRidge,
    )
}
