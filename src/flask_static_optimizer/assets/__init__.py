"""The files of static folders: their fingerprints, their URLs and their coded variants."""
