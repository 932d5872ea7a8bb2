"""Importing: draft recipes from the folders of other zoos, and what of them could not be said.

Texts of shells and of YAML are parsed, never run. Nothing is downloaded: checksums are those that
the other zoo states, and `converters.lock` resolves the rest.
"""
