"""New recipes: what a model file, an address or a repository tells of itself, written as a draft.

Nothing that it is given is run: no pickle beyond tensors, no code of a repository, no graph. What
cannot be known is not guessed silently; the recipe then has a comment `# DECIDE: ...`.
"""
