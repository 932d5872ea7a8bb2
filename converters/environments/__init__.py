"""Environments of further tools: locked, made on first use, shared by all recipes.

table.py lists them, place.py says where one lies, making.py makes it, conda.py writes it for conda.
Nothing here imports what is installed in one.
"""
