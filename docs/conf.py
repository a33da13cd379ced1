"""How Sphinx builds the site: ``sphinx-build -W docs build/site``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

# flask_static_optimizer.wsgi loads an app when it is imported; for its reference any will do.
os.environ["STATIC_OPTIMIZER_APP"] = "any_app"

from flask_static_optimizer import __version__

project = "flask-static-optimizer"
author = "The flask-static-optimizer developers"
release = version = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "settings_table"]
exclude_patterns = ["_ext"]

# Links to headings are those that GitHub makes, so that the pages can be read in a checkout, too.
myst_heading_anchors = 3
myst_enable_extensions = ["attrs_inline", "colon_fence", "deflist"]

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
python_use_unqualified_type_names = True

# A reference that leads nowhere is an error, but for what others document: their inventories are
# on the network, and a build must not need that.
nitpicky = True
nitpick_ignore_regex = [
    (r"py:.*", r"(flask|werkzeug|blinker|collections|datetime|os)\..*"),
    (r"py:class", r"Flask|Namespace|.*\.V"),
]

html_theme = "furo"
html_title = f"flask-static-optimizer {release}"
html_show_copyright = False
html_copy_source = False
