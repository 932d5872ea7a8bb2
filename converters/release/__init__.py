"""Releases: what the zoo's users get, made of the packages that a build left."""
