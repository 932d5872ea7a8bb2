"""export: the source as ONNX, for frameworks that enter the chain there."""


rule export:
    input:
        wanted=PLAN.wanted("export"),
        sources=PLAN.source_folders,
    output:
        onnx="results/{model}/{variant}/source.onnx",
        facts="results/{model}/{variant}/facts/export.json",
    log:
        "logs/{model}/{variant}/export.log",
    benchmark:
        "logs/{model}/{variant}/export.tsv"
    resources:
        mem_mb=PLAN.memory("export"),
    params:
        models=PLAN.models,
    message:
        "{wildcards.model}/{wildcards.variant}: export to ONNX"
    shell:
        "python -m converters.job {input.wanted} --reads {input} --makes {output} --"
        " --models {params.models} --sources sources/{wildcards.model} --out {output.onnx}"
        " --facts {output.facts}"
        " > {log} 2>&1"
