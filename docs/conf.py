"""Configuration of the documentation."""

from sk_renorm import __version__

project = "sk_renorm"
author = "the sk_renorm developers"
copyright = author
version = release = __version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_gallery.gen_gallery",
]
templates_path = ["_templates"]
exclude_patterns = ["_build", "conftest.py"]
myst_heading_anchors = 3

# Every class page lists its methods in full, after the attributes of its docstring.
autodoc_default_options = {"members": True, "inherited-members": False}
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "doc_module": ("sk_renorm",),
    "reference_url": {"sk_renorm": None},
    "backreferences_dir": None,
    "show_memory": False,
    "min_reported_time": 0,
    "download_all_examples": False,
    "plot_gallery": True,
}

# References to other projects are kept as plain text: pages build without network access.
nitpick_ignore_regex = [(r"py:.*", r"(sklearn|numpy|scipy|pandas|matplotlib)\..*")]

# The pages of docs/theory are listed by a pattern.
suppress_warnings = ["toc.empty_glob"]

html_theme = "pydata_sphinx_theme"
html_title = "sk_renorm"
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_toc_level": 2,
}
html_sidebars = {"index": []}
html_show_sourcelink = False
html_copy_source = False
