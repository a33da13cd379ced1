"""A store of responses that keeps RFC 9111; it knows no Flask."""
