"""Looking at an app as its caches and visitors will: what is asked, answered, and wrong."""
