"""Faults: builds of a small zoo that are killed, starved and lied to, and come out the same."""
