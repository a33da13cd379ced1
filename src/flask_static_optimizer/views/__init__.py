"""Views whose responses are stored, and what makes these useless again."""
