"""verify: every artefact beside its source model, output by output, on real samples."""
