"""download: every source of a recipe, pinned and checked, once for all variants."""


rule download:
    output:
        content=directory("sources/{model}/{key}"),
        facts="results/{model}/sources/{key}.json",
    log:
        "logs/{model}/sources/download-{key}.log",
    benchmark:
        "logs/{model}/sources/download-{key}.tsv"
    resources:
        mem_mb=300,
    params:
        key=PLAN.source_key,
        models=PLAN.models,
    message:
        "{wildcards.model}: download {wildcards.key}"
    shell:
        "python -m converters.download {wildcards.model} sources --models {params.models}"
        " --key {wildcards.key} --record download-{wildcards.key} --out {output.content}"
        " --facts {output.facts}"
        " > {log} 2>&1"
