"""``flask static export``: the public static files in a folder, for a bucket or any file server.

``folder`` knows files and which of them an export wrote, with ``journal`` if it was interrupted;
``exporter`` asks the app for them, and ``left_out`` knows what the app alone may answer for.
"""
