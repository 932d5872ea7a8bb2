"""The page: the zoo as a static site, which needs no server and asks no other host."""
