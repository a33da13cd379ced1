"""One small real app, with and without the extension: ``flask-static-optimizer demo``."""
