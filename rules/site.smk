"""site: what was built as static pages, which need no server; made anew whenever it is asked for."""


rule site:
    input:
        packages=PLAN.released_packages,
    log:
        "logs/site.log",
    params:
        models=PLAN.models,
        public="--public" if config.get("public") else "",
    message:
        "make the pages"
    shell:
        "python -m converters.site --models {params.models} {params.public} 2>&1 | tee {log}"
