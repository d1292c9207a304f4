"""What a fit warns of."""

import warnings


def warned(model, X, y, category: type[Warning] = Warning) -> list[str]:
    """Fit the model; return its warnings of a category."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(X, y)
    return [str(w.message) for w in caught if issubclass(w.category, category)]
