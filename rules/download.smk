"""download: every source of a recipe or a data set, pinned and checked, once for all who use it."""


rule download:
    input:
        wanted=PLAN.wanted("download"),
    output:
        content=directory("sources/{model}/{key}"),
        facts="results/{model}/sources/{key}.json",
    log:
        "logs/{model}/sources/download-{key}.log",
    benchmark:
        "logs/{model}/sources/download-{key}.tsv"
    wildcard_constraints:
        model=r"@?[a-z0-9][a-z0-9_.-]*",
    resources:
        mem_mb=300,
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}: download {wildcards.key}"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models}"
        " --key {wildcards.key} --out {output.content}"
        " --facts {output.facts}"
        " > {log} 2>&1"
