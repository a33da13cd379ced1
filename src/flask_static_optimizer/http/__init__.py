"""HTTP rules as pure functions, without Flask."""
