"""Fault injection: a camera box on which everything fails that can, and what that costs.

``make chaos`` runs all of it and prints the figures; the tests run the same in a shorter form.
"""
