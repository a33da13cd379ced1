"""``python -m flask_static_optimizer``, which runs the ``flask-static-optimizer`` command."""

from __future__ import annotations

from .demo.command import main

if __name__ == "__main__":
    main()
