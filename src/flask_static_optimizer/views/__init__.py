"""Views that run in the place of static views, and out of which responses are stored.

It imports the rooms below it, ``headers`` first. Its tests are in ``tests/views``.
"""
