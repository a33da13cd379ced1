"""``flask static export``: the public static files in a folder, for a bucket or any file server.

``folder`` knows files and which of them an export wrote; ``exporter`` asks the app for them.
"""
