"""Answers that are given before Flask is asked."""
