"""check: a recipe that cannot be read fails here, alone, and says why; the others are built."""


rule check:
    output:
        checked=touch("results/{model}/recipe.checked"),
    log:
        "logs/{model}/recipe/check.log",
    benchmark:
        "logs/{model}/recipe/check.tsv"
    resources:
        mem_mb=200,
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}: check the recipe"
    shell:
        "python -m converters.check {wildcards.model} --models {params.models} > {log} 2>&1"
