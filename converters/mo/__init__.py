"""mo: the model as OpenVINO IR, with the recipe's shapes and public names, equal in every run."""
