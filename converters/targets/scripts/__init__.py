"""Scripts for environments of their own: `python -I script.py REQUEST.json`, nothing of ours.

Each reads a request and prints what it found as one line of JSON, the last.
"""
