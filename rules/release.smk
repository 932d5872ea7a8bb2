"""release: what was built as one release, if the gates let it pass; runs whenever it is asked for."""


rule release:
    input:
        packages=PLAN.released_packages,
    log:
        "logs/release.log",
    params:
        models=PLAN.models,
        version=config.get("version") or "",
    message:
        "make the release"
    shell:
        "python -m converters.release --models {params.models} --version '{params.version}'"
        " 2>&1 | tee {log}"
