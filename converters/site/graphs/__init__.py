"""Structures of networks, read from every format of the chain, and drawn."""
